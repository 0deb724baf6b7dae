#include "proto/yaml/read.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include "proto/yaml/nearest.h"
#include "proto/yaml/scalar.h"
#include "proto/yaml/tree.h"

namespace sluice::yaml {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Kind = TreeNode::Kind;

std::vector<std::string> field_names(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return names;
}

// Goes through the tree and the message side by side.
class MessageReader {
 public:
  explicit MessageReader(Reading& reading) : reading_(reading) {}

  void read_message(const TreeNode& node, const std::string& path, Message& message) {
    if (node.kind == Kind::kNull) return;
    if (!expect(node, Kind::kMap, path)) return;
    const Descriptor& type = *message.GetDescriptor();
    Keys keys(*this, path);
    std::map<const google::protobuf::OneofDescriptor*, std::string> chosen;
    for (std::size_t i = 0; i < node.children.size() && count(node); i += 2) {
      const TreeNode& key = *node.children[i];
      if (!keys.add(key)) continue;
      const std::string field_path = path.empty() ? key.text : path + '.' + key.text;
      const FieldDescriptor* field = type.FindFieldByName(key.text);
      if (field == nullptr) {
        complain(key, field_path, "unknown key; " + unknown_key_advice(key.text, type));
        continue;
      }
      const auto* oneof = field->real_containing_oneof();
      if (oneof != nullptr && !chosen.emplace(oneof, key.text).second) {
        complain(key, field_path, fmt::format("{} is given already; only one of the two can be", in_quotes(chosen.at(oneof))));
        continue;
      }
      read_field(key, *node.children[i + 1], field_path, {message, *field});
    }
  }

 private:
  // The keys of one mapping: text, and each only once.
  class Keys {
   public:
    Keys(MessageReader& reader, const std::string& path) : reader_(reader), path_(path) {}

    bool add(const TreeNode& key) {
      if (key.kind != Kind::kScalar) {
        reader_.complain(key, path_, fmt::format("{} cannot be a key; write text in front of the colon", key.what()));
        return false;
      }
      const auto [first, added] = seen_.emplace(key.text, key.place.line);
      if (added) return true;
      reader_.complain(key, path_.empty() ? key.text : path_ + '.' + key.text,
                       fmt::format("is given twice, first in line {}; remove one", first->second));
      return false;
    }

   private:
    MessageReader& reader_;
    const std::string& path_;
    std::map<std::string, int> seen_;
  };

  void read_field(const TreeNode& key, const TreeNode& value, const std::string& path, const Slot& slot) {
    // A value that stands on a line of its own is found there; nothing is found at its key.
    reading_.note(path, value.kind == Kind::kNull || value.kind == Kind::kMap ? key.place : value.place);
    if (slot.field.is_map()) {
      read_map(value, path, slot);
    } else if (slot.field.is_repeated()) {
      read_list(value, path, slot);
    } else {
      read_value(value, path, slot);
    }
  }

  void read_list(const TreeNode& node, const std::string& path, const Slot& slot) {
    if (node.kind == Kind::kNull || !expect(node, Kind::kList, path)) return;
    for (std::size_t i = 0; i < node.children.size() && count(node); ++i) {
      const TreeNode& child = *node.children[i];
      const std::string child_path = fmt::format("{}[{}]", path, i);
      if (child.kind == Kind::kNull) {
        reading_.complain(child_path, "is empty; write a value behind the dash, or remove it");
      } else {
        reading_.note(child_path, child.place);
        read_value(child, child_path, slot);
      }
    }
  }

  void read_map(const TreeNode& node, const std::string& path, const Slot& slot) {
    if (node.kind == Kind::kNull || !expect(node, Kind::kMap, path)) return;
    Keys keys(*this, path);
    for (std::size_t i = 0; i < node.children.size() && count(node); i += 2) {
      const TreeNode& key = *node.children[i];
      if (!keys.add(key)) continue;
      const std::string entry_path = path + '.' + key.text;
      reading_.note(entry_path, key.place);
      Message& entry = slot.inner();
      const Descriptor& type = *entry.GetDescriptor();
      if (const auto problem = set_scalar({entry, *type.map_key()}, key.text)) complain(key, entry_path, *problem);
      read_value(*node.children[i + 1], entry_path, {entry, *type.map_value()});
    }
  }

  void read_value(const TreeNode& node, const std::string& path, const Slot& slot) {
    const bool nothing = node.kind == Kind::kNull;
    if (!is_scalar(slot.field)) {
      if (!nothing) read_message(node, path, slot.inner());
    } else if (nothing) {
      reading_.complain(path, "has no value; write one, or remove the key (the text \"null\" goes in quotation marks)");
    } else if (expect(node, Kind::kScalar, path)) {
      if (const auto problem = set_scalar(slot, node.text)) complain(node, path, *problem);
    }
  }

  static std::string unknown_key_advice(const std::string& key, const Descriptor& type) {
    if (key == "<<") return "merge keys are not supported, so write the values out";
    return suggestion(key, field_names(type));
  }

  bool expect(const TreeNode& node, Kind kind, const std::string& path) {
    if (node.kind == kind) return true;
    switch (kind) {
      case Kind::kMap:
        complain(node, path, fmt::format("is {}, but needs keys with values, as in \"key: value\"", node.what()));
        break;
      case Kind::kList:
        complain(node, path, fmt::format("is {}, but needs a list: entries that begin with \"- \", or [a, b]", node.what()));
        break;
      default:
        complain(node, path, fmt::format("is {}, but needs a single value", node.what()));
    }
    return false;
  }

  // Aliases can make a small text stand for a huge tree: every visit counts.
  bool count(const TreeNode& node) {
    if (++visited_ <= kMaxNodes) return true;
    if (visited_ == kMaxNodes + 1) {
      complain(node, "", fmt::format("aliases stand for more than {} keys and values; write it out or split it", kMaxNodes));
    }
    return false;
  }

  void complain(const TreeNode& node, const std::string& path, std::string message) {
    reading_.complain(node.place, path, std::move(message));
  }

  Reading& reading_;
  std::size_t visited_ = 0;
};

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};

// At most a byte more than is allowed.
std::optional<std::string> contents(const std::string& path, Reading& reading) {
  const std::unique_ptr<std::FILE, CloseFile> file(path == "-" ? stdin : std::fopen(path.c_str(), "re"));
  std::string text;
  if (file != nullptr) {
    text.resize(kMaxBytes + 1);
    text.resize(std::fread(text.data(), 1, text.size(), file.get()));
    if (std::ferror(file.get()) == 0) return text;
  }
  reading.complain(Place{}, "", fmt::format("cannot be read: {}", std::strerror(errno)));
  return std::nullopt;
}

}  // namespace

std::string Reading::text() const {
  std::string text;
  for (const auto& [place, path, message] : complaints_) {
    text += file_;
    if (place.line > 0) text += fmt::format(":{}:{}", place.line, place.column);
    text += path.empty() ? fmt::format(": {}\n", message) : fmt::format(": {}: {}\n", path, message);
  }
  if (left_out_ > 0) text += fmt::format("{}: and {} more\n", file_, left_out_);
  return text;
}

Place Reading::place_of(std::string_view path) const {
  while (!path.empty()) {
    if (const auto found = places_.find(path); found != places_.end()) return found->second;
    const auto end = path.find_last_of(".[");
    path = path.substr(0, end == std::string_view::npos ? 0 : end);
  }
  return {};
}

void Reading::complain(std::string path, std::string message) {
  const Place place = place_of(path);
  complain(place, std::move(path), std::move(message));
}

void Reading::complain(Place place, std::string path, std::string message) {
  if (complaints_.size() >= kMaxComplaints) {
    ++left_out_;
    return;
  }
  const auto after = std::ranges::find_if(complaints_, [&](const Complaint& other) { return place.before(other.place); });
  complaints_.insert(after, Complaint{place, std::move(path), std::move(message)});
}

Reading read(std::string_view text, Message& message, std::string file) {
  Reading reading(std::move(file));
  const Tree tree = Tree::parse(text, reading);
  if (reading.ok()) MessageReader(reading).read_message(tree.root(), "", message);
  return reading;
}

Reading read_file(const std::string& path, Message& message) {
  std::string shown = path == "-" ? "<standard input>" : path;
  Reading reading(shown);
  const auto text = contents(path, reading);
  return text ? read(*text, message, std::move(shown)) : reading;
}

}  // namespace sluice::yaml
