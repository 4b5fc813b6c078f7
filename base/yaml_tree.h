// YAML text as a tree that keeps what Kubernetes' readers look at: the line, whether a scalar was
// plain or quoted, its tag and its exact text; and where each node stands in the text, for those
// who insert into it. Aliases and merge keys (<<) are resolved. Bounded in depth and size, whatever
// the text says. The scanner is libyaml, of which kubectl's is a port. Values, safe on any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace smc::yaml {

// Deeper than any object of Kubernetes; recursion over a tree ends well before the stack does.
inline constexpr std::size_t kMaxDepth = 400;

// Nodes of one text, all its documents together, aliases resolved. An API server takes at most 3
// MiB in a request, which has fewer.
inline constexpr std::size_t kMaxNodes = 500'000;

// Whether a plain scalar with this text is null (YAML 1.2.2, 10.3.2), as nothing at all is.
bool is_null_word(std::string_view text);

enum class Kind { kNull, kScalar, kList, kMap };

// Where a node stands in the text that was parsed, in bytes. Of what an alias or a merge key
// brought in, the place that it was written at.
struct Span {
  std::size_t begin = 0;    // its first byte; an anchor or a tag belongs to it
  std::size_t content = 0;  // of a collection: its first key, item or "-"; where empty, tail
  std::size_t tail = 0;     // of a collection: behind its last item, before a closing bracket
  std::size_t end = 0;      // behind its last byte
};

struct Node {
  Kind kind = Kind::kNull;
  int line = 0;                // counted from 1; 0: was not read from a text
  bool plain = false;          // a scalar without quotes, not a block scalar
  bool flow = false;           // a collection in brackets
  int alias_line = 0;          // an alias or a merge key in this line brought it in; 0: none
  Span span;                   // meaningful where `line` is
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
  std::string hint = {};  // what the reader can do about it; may be empty
};

// A quoted scalar.
Node string_node(std::string_view text);

// Every document of the text, in its order; without the last one if it is empty, so that a text
// without content has none. JSON texts may follow each other without a "---".
Result<std::vector<Node>, Problem> parse(std::string_view text);

}  // namespace smc::yaml
