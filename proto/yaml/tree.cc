#include "proto/yaml/tree.h"

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace sluice::yaml {
namespace {

Place place_at(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {mark.line + 1, mark.column + 1};
}

// Thrown through the parser, which has no other way to stop early.
struct Stop {
  Place place;
  std::string message;
};

// How many bytes the UTF-8 character at the beginning of `text` has; 0 if there is no valid one.
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool over_long = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool surrogate = first == 0xED && byte(1) > 0x9F;
  const bool beyond_unicode = first == 0xF4 && byte(1) > 0x8F;
  return over_long || surrogate || beyond_unicode ? 0 : length;
}

// The parser takes some control characters for the end of the text, and passes broken characters on.
std::optional<Stop> find_bad_byte(std::string_view text) {
  Place place{1, 1};
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    const std::size_t length = character_bytes(text);
    if (length == 0) return Stop{place, fmt::format("byte 0x{:02x} is not UTF-8; save the file as UTF-8", byte)};
    if (byte == '\n') {
      place = {place.line + 1, 0};
    } else if ((byte < 0x20 && byte != '\t' && byte != '\r') || byte == 0x7F) {
      return Stop{place, fmt::format(R"(control character 0x{0:02x}; write it as "\x{0:02x}" in quotation marks)", byte)};
    }
    ++place.column;
    text.remove_prefix(length);
  }
  return std::nullopt;
}

}  // namespace

// Hears the parser's events and hangs node on node.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Tree& tree) : tree_(tree) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (tree_.root_ != nullptr) {
      throw Stop{place_at(mark), "a second document begins here; a file can have only one, so remove the line ---"};
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const TreeNode& node = add(TreeNode::Kind::kNull, mark, {});
    finish(node, anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor, const std::string& value) override {
    const TreeNode& node = add(TreeNode::Kind::kScalar, mark, value);
    finish(node, anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Stop{place_at(mark), "this alias stands inside of what it names; write it out"};
    attach(*found->second);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(TreeNode::Kind::kList, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(TreeNode::Kind::kMap, mark, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  TreeNode& add(TreeNode::Kind kind, const YAML::Mark& mark, std::string text) {
    if (tree_.nodes_.size() >= kMaxNodes) {
      throw Stop{place_at(mark), fmt::format("more than {} keys and values; split the file", kMaxNodes)};
    }
    return tree_.nodes_.emplace_back(TreeNode{.kind = kind, .place = place_at(mark), .text = std::move(text), .children = {}});
  }

  void open(TreeNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    check_depth(place_at(mark), static_cast<int>(open_.size()) + 1);
    open_.emplace_back(&add(kind, mark, {}), anchor);
  }

  void close() {
    const auto [node, anchor] = open_.back();
    open_.pop_back();
    finish(*node, anchor);
  }

  void finish(const TreeNode& node, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = &node;
    attach(node);
  }

  void attach(const TreeNode& node) {
    if (open_.empty()) {
      tree_.root_ = &node;
      return;
    }
    TreeNode& around = *open_.back().first;
    around.children.push_back(&node);
    around.height = std::max(around.height, node.height + 1);
    // Again, because an alias can stand for something deep.
    check_depth(node.place, around.height);
  }

  static void check_depth(Place place, int depth) {
    if (depth > kMaxDepth) throw Stop{place, fmt::format("more than {} mappings and lists inside each other", kMaxDepth)};
  }

  Tree& tree_;
  std::vector<std::pair<TreeNode*, YAML::anchor_t>> open_;
  std::map<YAML::anchor_t, const TreeNode*> anchors_;
};

std::string_view TreeNode::what() const {
  switch (kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kScalar:
      return "a single value";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a mapping";
  }
  return "something else";
}

Tree Tree::parse(std::string_view text, Reading& reading) {
  static const TreeNode kNothing;
  Tree tree;
  if (text.size() > kMaxBytes) {
    reading.complain(Place{}, "", fmt::format("has more than {} bytes; split it", kMaxBytes));
  } else if (const auto bad = find_bad_byte(text)) {
    reading.complain(bad->place, "", bad->message);
  } else {
    try {
      std::istringstream stream{std::string(text)};
      YAML::Parser parser(stream);
      TreeBuilder builder(tree);
      while (parser.HandleNextDocument(builder)) {
      }
    } catch (const Stop& stop) {
      reading.complain(stop.place, "", stop.message);
    } catch (const YAML::Exception& error) {
      reading.complain(place_at(error.mark), "", fmt::format("is not YAML: {}", error.msg));
    }
  }
  if (tree.root_ == nullptr || !reading.ok()) tree.root_ = &kNothing;
  return tree;
}

}  // namespace sluice::yaml
