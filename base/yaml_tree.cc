#include "base/yaml_tree.h"

#include <algorithm>
#include <array>
#include <new>
#include <unordered_map>
#include <utility>

#include <yaml.h>

#include "base/utf8.h"
#include "base/yaml_input.h"

namespace smc::yaml {
namespace {

constexpr std::string_view kMergeKey = "<<";

// Leaves the builder from within an event; caught in parse().
struct Refused {
  Problem problem;
};

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

void mark_as_brought_in(Node& node, int alias_line) {
  node.alias_line = alias_line;
  for (Node& child : node.children) mark_as_brought_in(child, alias_line);
}

std::string text_of(const yaml_char_t* text) {
  return text == nullptr ? std::string() : reinterpret_cast<const char*>(text);
}

// Builds one tree for each document from the parser's events.
class Builder {
 public:
  explicit Builder(Input& input) : input_(input) {}

  // False at the end of the stream.
  bool take(const yaml_event_t& event) {
    begin_ = input_.place(event.start_mark.index);
    end_ = input_.place(event.end_mark.index).byte;
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        anchors_.clear();
        return true;
      case YAML_ALIAS_EVENT:
        alias(text_of(event.data.alias.anchor));
        return true;
      case YAML_SCALAR_EVENT:
        scalar(event);
        return true;
      case YAML_SEQUENCE_START_EVENT: {
        const auto& list = event.data.sequence_start;
        open(Kind::kList, text_of(list.tag), text_of(list.anchor),
             list.style == YAML_FLOW_SEQUENCE_STYLE);
        return true;
      }
      case YAML_MAPPING_START_EVENT: {
        const auto& map = event.data.mapping_start;
        open(Kind::kMap, text_of(map.tag), text_of(map.anchor),
             map.style == YAML_FLOW_MAPPING_STYLE);
        return true;
      }
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        close();
        return true;
      default:
        return event.type != YAML_STREAM_END_EVENT;
    }
  }

  std::vector<Node> documents;

 private:
  struct Open {
    Node node;
    std::string anchor;
  };

  [[noreturn]] void refuse(std::string what) const {
    throw Refused{{begin_.line, std::move(what)}};
  }

  void check_depth(std::size_t depth) const {
    if (depth > kMaxDepth) refuse("nested deeper than " + std::to_string(kMaxDepth) + " levels");
  }

  void count(std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > kMaxNodes)
      refuse("more than " + std::to_string(kMaxNodes) + " values in one text, aliases included");
  }

  Node made(Kind kind, std::string tag) {
    count(1);
    Node node;
    node.kind = kind;
    node.line = begin_.line;
    node.span = {begin_.byte, begin_.byte, end_, end_};
    node.tag = std::move(tag);
    return node;
  }

  void alias(const std::string& anchor) {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      const bool is_open = std::ranges::find(open_, anchor, &Open::anchor) != open_.end();
      refuse(is_open ? "an alias stands within what it names"
                     : "the alias *" + anchor + " names nothing");
    }
    const Size size = size_of(found->second);
    count(size.nodes);
    check_depth(open_.size() + size.depth);
    Node copy = found->second;
    mark_as_brought_in(copy, begin_.line);
    add(std::move(copy), begin_.byte, end_);
  }

  void scalar(const yaml_event_t& event) {
    const auto& written = event.data.scalar;
    Node node = made(Kind::kScalar, text_of(written.tag));
    node.text.assign(reinterpret_cast<const char*>(written.value), written.length);
    node.plain = written.plain_implicit != 0;
    if (node.plain && is_null_word(node.text)) {
      node.kind = Kind::kNull;
      node.plain = false;
      node.text.clear();
    }
    finish(std::move(node), text_of(written.anchor));
  }

  void open(Kind kind, std::string tag, std::string anchor, bool flow) {
    check_depth(open_.size() + 2);
    Node node = made(kind, std::move(tag));
    node.flow = flow;
    // the event of a list at its key's indentation ends behind the first "-", of others before it
    const bool behind_dash = kind == Kind::kList && !flow && input_.next() != '-';
    node.span.content = behind_dash ? end_ - 1 : end_;
    node.span.tail = node.span.content;
    open_.push_back({std::move(node), std::move(anchor)});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    Span& span = done.node.span;
    span.end = done.node.flow ? end_ : span.tail;
    if (done.node.is_map()) merge(done.node);
    finish(std::move(done.node), done.anchor);
  }

  void finish(Node node, const std::string& anchor) {
    if (!anchor.empty()) {
      count(size_of(node).nodes);  // the copy is held until the document's end
      anchors_[anchor] = node;
    }
    const auto [begin, end] = std::pair(node.span.begin, node.span.end);
    add(std::move(node), begin, end);
  }

  void add(Node node, std::size_t begin, std::size_t end) {
    if (open_.empty()) {
      documents.push_back(std::move(node));
      return;
    }
    Node& parent = open_.back().node;
    if (parent.flow && parent.children.empty()) parent.span.content = begin;
    parent.span.tail = end;
    parent.children.push_back(std::move(node));
  }

  static void merge(Node& map) {
    bool has_merge_key = false;
    for (std::size_t i = 0; i < map.children.size(); i += 2)
      has_merge_key = has_merge_key || is_merge_key(map.children[i]);
    if (has_merge_key) map.children = Merger().merged(std::move(map.children));
  }

  Input& input_;
  Input::Place begin_;  // of the event
  std::size_t end_ = 0;
  std::vector<Open> open_;
  std::unordered_map<std::string, Node> anchors_;
  std::size_t nodes_ = 0;
};

constexpr char kDelete = '\x7F';

// Bytes that are no UTF-8, and control characters, which YAML forbids (YAML 1.2, 5.1) and JSON but
// for DEL.
const char* refused_bytes(std::string_view rest, std::size_t length, bool is_json) {
  if (length == 0) return "not UTF-8";
  const char c = rest[0];
  const bool is_control = static_cast<unsigned char>(c) < ' ' || (c == kDelete && !is_json);
  const bool allowed = !is_control || c == '\t' || c == '\n' || c == '\r';
  return allowed ? nullptr : "a control character";
}

Result<void, Problem> check_characters(std::string_view text, bool is_json) {
  int line = 1;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (const char* what = refused_bytes(text, length, is_json)) return Problem{line, what};
    if (text[0] == '\n') ++line;
    text.remove_prefix(length);
  }
  return {};
}

// libyaml's parser with its memory.
class Parser {
 public:
  explicit Parser(const std::string& text) {
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const yaml_char_t*>(text.data()),
                                 text.size());
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() { yaml_parser_delete(&parser_); }

  // Gives each event to `take` until that is false. False where the text cannot be read.
  template <class Take>
  bool each_event(Take take) {
    for (bool more = true; more;) {
      yaml_event_t event;
      if (yaml_parser_parse(&parser_, &event) == 0) return false;
      struct Deleted {
        yaml_event_t& event;
        ~Deleted() { yaml_event_delete(&event); }
      } const deleted{event};
      more = take(event);
    }
    return true;
  }

  Problem problem(Input& input) const {
    if (parser_.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
    std::string what = parser_.context == nullptr ? "" : std::string(parser_.context) + ": ";
    what += parser_.problem == nullptr ? "cannot be read" : parser_.problem;
    return {input.place(parser_.problem_mark.index).line, what};
  }

 private:
  yaml_parser_t parser_{};
};

// Appends the documents of one text.
Result<void, Problem> parse_into(std::vector<Node>& documents, Input input) {
  Parser parser(input.text());
  Builder builder(input);
  try {
    if (!parser.each_event([&](const yaml_event_t& event) { return builder.take(event); }))
      return parser.problem(input);
  } catch (const Refused& refused) {
    return refused.problem;
  }
  std::ranges::move(builder.documents, std::back_inserter(documents));
  return {};
}

}  // namespace

bool is_null_word(std::string_view text) {
  constexpr std::array<std::string_view, 5> kWords = {"", "~", "null", "Null", "NULL"};
  return std::ranges::find(kWords, text) != kWords.end();
}

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
  std::vector<std::string_view> texts = json_texts(text);
  const bool is_json = !texts.empty();
  if (Result<void, Problem> checked = check_characters(text, is_json); !checked)
    return checked.error();
  if (!is_json) texts.push_back(text);
  std::vector<Node> documents;
  int line = 1;
  std::size_t counted = 0;
  for (const std::string_view one : texts) {
    const auto at = static_cast<std::size_t>(one.data() - text.data());
    line += static_cast<int>(std::ranges::count(text.substr(counted, at - counted), '\n'));
    counted = at;
    if (auto parsed = parse_into(documents, Input(one, at, line, is_json)); !parsed)
      return parsed.error();
  }
  if (!documents.empty() && documents.back().kind == Kind::kNull &&
      documents.back().span.begin == documents.back().span.end)
    documents.pop_back();
  return documents;
}

}  // namespace smc::yaml
