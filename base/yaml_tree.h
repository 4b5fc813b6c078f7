// YAML text as a tree that keeps what Kubernetes' readers look at: the line, whether a scalar was
// plain or quoted, its tag and its exact text. Aliases and merge keys (<<) are resolved. Bounded in
// depth and size, whatever the text says. Values, safe on any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace smc::yaml {

// Deeper than any object of Kubernetes; yaml-cpp itself gives up at 500.
inline constexpr std::size_t kMaxDepth = 400;

// Nodes of one text, all its documents together, aliases resolved. An API server takes at most 3
// MiB in a request, which has fewer.
inline constexpr std::size_t kMaxNodes = 500'000;

enum class Kind { kNull, kScalar, kList, kMap };

struct Node {
  Kind kind = Kind::kNull;
  int line = 0;                // counted from 1
  bool plain = false;          // a scalar without quotes, not a block scalar
  std::string tag;             // "tag:yaml.org,2002:str", "!mine"; empty where none is written
  std::string text;            // of a scalar
  std::vector<Node> children;  // of a list its items, of a map key, value, key, value, …

  bool is_map() const { return kind == Kind::kMap; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_scalar() const { return kind == Kind::kScalar; }

  // The value of a map's first key of this text; null without one, and where this is no map.
  const Node* find(std::string_view key) const;
  Node* find(std::string_view key);

  // Replaces the value of a map's first key of this text, or adds the key at the map's end.
  void set(std::string_view key, Node value);
};

// Why a text cannot be read.
struct Problem {
  int line = 0;  // counted from 1
  std::string what;
};

// A quoted scalar.
Node string_node(std::string_view text);

// Every document of the text, in its order; without the last one if it is empty, so that a text
// without content has none.
Result<std::vector<Node>, Problem> parse(std::string_view text);

}  // namespace smc::yaml
