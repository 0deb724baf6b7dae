// A YAML document as a tree whose every node knows its place, and whose size is bounded.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/yaml/read.h"

namespace sluice::yaml {

struct TreeNode {
  enum class Kind { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  Place place;
  std::string text;  // of a scalar
  // A list's items, a map's keys and values in turn. An alias is the node that it stands for, so a node may be the child of
  // several; of itself never.
  std::vector<const TreeNode*> children;
  int height = 1;  // of the tree below, this node included

  // For complaints: "a list".
  [[nodiscard]] std::string_view what() const;
};

class Tree {
 public:
  // Complains to `reading` about what is no YAML, not UTF-8, too large or too deep, or has a second document; then the
  // root is null. An empty text is a null node.
  static Tree parse(std::string_view text, Reading& reading);

  [[nodiscard]] const TreeNode& root() const { return *root_; }

 private:
  friend class TreeBuilder;

  // Never moves its elements.
  std::deque<TreeNode> nodes_;
  const TreeNode* root_ = nullptr;
};

}  // namespace sluice::yaml
