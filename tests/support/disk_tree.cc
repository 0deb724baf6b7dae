#include "tests/support/disk_tree.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <utility>

namespace sluice::test {
namespace {

std::string parent_of(const std::string& path) { return std::filesystem::path(path).parent_path().string(); }

}  // namespace

TreeAfterPowerLoss::TreeAfterPowerLoss(Tree before, const std::vector<TreeEvent>& events, std::size_t count)
    : before_(std::move(before)) {
  for (std::size_t i = 0; i < count; ++i) add(events[i]);
}

void TreeAfterPowerLoss::add(const TreeEvent& event) {
  if (const auto* directory = std::get_if<TreeMakeDirectory>(&event)) {
    names_.push_back({.path = directory->path});
  } else if (const auto* created = std::get_if<TreeCreate>(&event)) {
    names_.push_back({.path = created->path, .file = created->file});
  } else if (const auto* renamed = std::get_if<TreeRename>(&event)) {
    names_.push_back({.path = renamed->to, .file = renamed->file, .from = renamed->from});
  } else if (const auto* write = std::get_if<TreeWrite>(&event)) {
    content_[write->file].emplace_back(write->write);
  } else if (const auto* sync = std::get_if<TreeSync>(&event)) {
    content_[sync->file].emplace_back(DiskSync{});
  } else if (const auto* synced = std::get_if<TreeSyncDirectory>(&event)) {
    for (Name& name : names_) name.lasts = name.lasts || parent_of(name.path) == synced->path;
  }
}

std::size_t TreeAfterPowerLoss::unsynced_names() const {
  return static_cast<std::size_t>(std::ranges::count(names_, false, &Name::lasts));
}

Tree TreeAfterPowerLoss::tree(std::size_t names, Unsynced unsynced, std::mt19937_64& chance) const {
  std::set<std::string> directories{""};
  std::map<std::string, std::uint64_t> files;
  for (const auto& [path, content] : before_) {
    for (std::string above = parent_of(path); !above.empty(); above = parent_of(above)) directories.insert(above);
  }
  for (const Name& name : names_) {
    if (!name.lasts && names == 0) continue;
    if (!name.lasts) --names;
    if (name.file == 0) directories.insert(name.path);
    if (name.file != 0) files[name.path] = name.file;
    files.erase(name.from);
  }
  Tree tree = before_;
  for (const std::string& directory : directories) {
    if (directories.contains(parent_of(directory)) && !directory.empty()) tree[directory + "/"];
  }
  for (const auto& [path, file] : files) {
    if (!directories.contains(parent_of(path))) continue;
    const auto events = content_.find(file);
    tree[path] = events == content_.end() ? std::string()
                                          : after_power_loss({}, events->second, events->second.size(), unsynced, true, chance);
  }
  return tree;
}

void write_tree(const Tree& tree, const std::filesystem::path& directory) {
  for (const auto& [path, content] : tree) {
    const auto place = directory / path;
    if (path.ends_with('/')) {
      std::filesystem::create_directories(place);
      continue;
    }
    std::filesystem::create_directories(place.parent_path());
    std::ofstream(place, std::ios::binary) << content;
  }
}

}  // namespace sluice::test
