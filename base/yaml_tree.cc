#include "base/yaml_tree.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <unordered_map>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "base/utf8.h"

namespace smc::yaml {
namespace {

constexpr std::string_view kMergeKey = "<<";

// Leaves yaml-cpp's parser from within an event; caught in parse().
struct Refused {
  Problem problem;
};

int line_of(const YAML::Mark& mark) {
  return mark.line + 1;
}

struct Size {
  std::size_t nodes = 1;
  std::size_t depth = 1;
};

Size size_of(const Node& node) {
  Size size;
  for (const Node& child : node.children) {
    const Size part = size_of(child);
    size.nodes += part.nodes;
    size.depth = std::max(size.depth, part.depth + 1);
  }
  return size;
}

bool is_merge_key(const Node& key) {
  return key.is_scalar() && key.plain && key.tag.empty() && key.text == kMergeKey;
}

// Puts the entries of the maps under << into a map as go-yaml does, because that is what reads the
// file on its way into a cluster: in the order of writing, so that a << overrides what stands
// before it and is overridden by what stands after it; of a list of maps the earlier win.
class Merger {
 public:
  std::vector<Node> merged(std::vector<Node> entries) {
    for (std::size_t i = 0; i + 1 < entries.size(); i += 2) {
      if (is_merge_key(entries[i]))
        take_all(entries[i + 1]);
      else
        take(entries[i], entries[i + 1], false);
    }
    return std::move(out_);
  }

 private:
  struct Place {
    std::size_t index;
    bool merged;
  };

  void take_all(Node& value) {
    if (!value.is_list()) return take_map(value);
    for (auto source = value.children.rbegin(); source != value.children.rend(); ++source)
      take_map(*source);
  }

  void take_map(Node& source) {
    if (!source.is_map()) throw Refused{{source.line, "<< takes a map or a list of maps"}};
    for (std::size_t i = 0; i + 1 < source.children.size(); i += 2)
      take(source.children[i], source.children[i + 1], true);
  }

  // Two keys of the map itself stay both, for whoever looks for duplicates.
  void take(Node& key, Node& value, bool merged) {
    const auto [known, is_new] = places_.try_emplace(key.text, Place{out_.size(), merged});
    if (!is_new && (merged || known->second.merged)) {
      out_[known->second.index + 1] = std::move(value);
      known->second.merged = merged;
      return;
    }
    out_.push_back(std::move(key));
    out_.push_back(std::move(value));
  }

  std::vector<Node> out_;
  std::unordered_map<std::string, Place> places_;
};

// Builds one tree for each document from the parser's events.
class Builder : public YAML::EventHandler {
 public:
  std::vector<Node> take() { return std::move(documents_); }

  void OnDocumentStart(const YAML::Mark&) override { anchors_.clear(); }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    count(line_of(mark), 1);
    Node node;
    node.line = line_of(mark);
    finish(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      throw Refused{{line_of(mark), "an alias stands within what it names"}};
    const Size size = size_of(found->second);
    count(line_of(mark), size.nodes);
    if (open_.size() + size.depth > kMaxDepth) throw Refused{too_deep(mark)};
    finish(found->second, 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    count(line_of(mark), 1);
    Node node = made(Kind::kScalar, mark, tag);
    node.plain = tag == "?";
    node.text = value;
    finish(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(made(Kind::kList, mark, tag), anchor, mark);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(made(Kind::kMap, mark, tag), anchor, mark);
  }
  void OnMapEnd() override {
    merge(open_.back().node);
    close();
  }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor;
  };

  static Problem too_deep(const YAML::Mark& mark) {
    return {line_of(mark), "nested deeper than " + std::to_string(kMaxDepth) + " levels"};
  }

  // "?" and "!" are yaml-cpp's words for a plain and a quoted scalar without a tag.
  static Node made(Kind kind, const YAML::Mark& mark, const std::string& tag) {
    Node node;
    node.kind = kind;
    node.line = line_of(mark);
    if (tag != "?" && tag != "!") node.tag = tag;
    return node;
  }

  void count(int line, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > kMaxNodes)
      throw Refused{{line, "more than " + std::to_string(kMaxNodes) +
                               " values in one text, aliases included"}};
  }

  void open(Node node, YAML::anchor_t anchor, const YAML::Mark& mark) {
    count(line_of(mark), 1);
    if (open_.size() + 1 >= kMaxDepth) throw Refused{too_deep(mark)};
    open_.push_back({std::move(node), anchor});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    finish(std::move(done.node), done.anchor);
  }

  void finish(Node node, YAML::anchor_t anchor) {
    if (anchor != 0) {
      count(node.line, size_of(node).nodes);  // the copy is held until the document's end
      anchors_[anchor] = node;
    }
    if (open_.empty())
      documents_.push_back(std::move(node));
    else
      open_.back().node.children.push_back(std::move(node));
  }

  static void merge(Node& map) {
    bool has_merge_key = false;
    for (std::size_t i = 0; i < map.children.size(); i += 2)
      has_merge_key = has_merge_key || is_merge_key(map.children[i]);
    if (has_merge_key) map.children = Merger().merged(std::move(map.children));
  }

  std::vector<Node> documents_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Node> anchors_;
  std::size_t nodes_ = 0;
};

// What yaml-cpp would pass on or stumble over: bytes that are no UTF-8, and control characters,
// which YAML forbids (YAML 1.2, 5.1).
const char* refused_bytes(std::string_view rest, std::size_t length) {
  if (length == 0) return "not UTF-8";
  const auto c = static_cast<unsigned char>(rest[0]);
  const bool allowed = c >= 0x20 ? c != 0x7F : c == '\t' || c == '\n' || c == '\r';
  return allowed ? nullptr : "a control character";
}

Result<void, Problem> check_characters(std::string_view text) {
  int line = 1;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (const char* what = refused_bytes(text, length)) return Problem{line, what};
    if (text[0] == '\n') ++line;
    text.remove_prefix(length);
  }
  return {};
}

struct Ended {
  std::string text;
  int line;  // of the end marker
};

// The text with its last line break, which kubectl adds too, and a document end marker: yaml-cpp
// takes a quoted text that runs into the end of a file for complete, but never one that runs into a
// marker.
Ended with_end(std::string_view text) {
  Ended ended{std::string(text), 1};
  if (text.empty() || text.back() != '\n') ended.text += '\n';
  ended.line += static_cast<int>(std::count(ended.text.begin(), ended.text.end(), '\n'));
  ended.text += "...\n";
  return ended;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  if (!is_map()) return nullptr;
  for (std::size_t i = 0; i + 1 < children.size(); i += 2)
    if (children[i].is_scalar() && children[i].text == key) return &children[i + 1];
  return nullptr;
}

Node* Node::find(std::string_view key) {
  return const_cast<Node*>(std::as_const(*this).find(key));
}

void Node::set(std::string_view key, Node value) {
  if (Node* known = find(key)) {
    *known = std::move(value);
    return;
  }
  children.push_back(string_node(key));
  children.push_back(std::move(value));
}

Node string_node(std::string_view text) {
  Node node;
  node.kind = Kind::kScalar;
  node.text = text;
  return node;
}

Result<std::vector<Node>, Problem> parse(std::string_view text) {
  if (Result<void, Problem> checked = check_characters(text); !checked) return checked.error();
  const Ended ended = with_end(text);
  std::istringstream in{ended.text};
  Builder builder;
  try {
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refused& refused) {
    return refused.problem;
  } catch (const YAML::Exception& error) {
    const int line = line_of(error.mark);
    if (line == ended.line && error.msg == YAML::ErrorMsg::DOC_IN_SCALAR)
      return Problem{line, "a quoted text has no end"};
    return Problem{line, error.msg};
  }
  std::vector<Node> documents = builder.take();
  // where there is nothing else, the end marker counts as a document
  if (!documents.empty() && documents.back().kind == Kind::kNull &&
      documents.back().line == ended.line)
    documents.pop_back();
  return documents;
}

}  // namespace smc::yaml
