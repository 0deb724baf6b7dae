#include "tests/config/loading.h"

#include <fstream>
#include <stdexcept>

#include <gtest/gtest.h>

#include "server/handlers/native.h"

namespace sluice::config {
namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
  return text;
}

}  // namespace

Directory::Directory() {
  std::string name = (std::filesystem::temp_directory_path() / "sluice-config-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed: " + name);
  path_ = name;
}

Directory::~Directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Loaded load(const Given& given) {
  handlers::Registry registered;
  EXPECT_TRUE(registered
                  .add("builtin.identity",
                       handlers::make_native("", handlers::Runs::kInline,
                                             [](const handlers::Input&) { return std::vector<handlers::Output>{}; }))
                  .ok());
  const Directory directory;
  Flags flags;
  flags.settings = given.flags;
  const std::string file = directory.path() / "f";
  if (!given.file.empty()) {
    std::ofstream(file) << given.file;
    flags.config = file;
  }
  auto environment = [&](const char* name) -> std::optional<std::string> {
    if (std::string_view(name) == "HOME") return "/home/me";
    const auto found = given.environment.find(name);
    return found == given.environment.end() ? std::nullopt : std::optional(found->second);
  };
  Loaded loaded = load(flags, environment, registered);
  loaded.complaints = replaced(loaded.complaints, file, "f");
  for (auto& [name, spec] : loaded.settings.handlers) {
    handlers::ChildrenSpec& children = std::visit([](auto& kind) -> handlers::ChildrenSpec& { return kind; }, spec);
    children.working_directory = replaced(children.working_directory, directory.path().string(), "DIR");
  }
  return loaded;
}

std::string complaints(const std::string& text) { return load(Given{.file = text}).complaints; }

Settings settings(const std::string& text) {
  auto loaded = load(Given{.file = text});
  EXPECT_EQ(loaded.complaints, "");
  return std::move(loaded.settings);
}

}  // namespace sluice::config
