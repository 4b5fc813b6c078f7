#include "webhook/commands/yaml_edit.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/yaml_scalar.h"

namespace smc::webhook {
namespace {

using yaml::Node;
using yaml::Problem;
using yaml::Span;

constexpr std::string_view kBlanks = " \t";

bool is_collection(const Node& node) {
  return node.is_map() || node.is_list();
}

bool was_read(const Node& node) {
  return node.line != 0;
}

// Whether `after` is what became of `before`.
bool is_same_node(const Node& before, const Node& after) {
  if (was_read(after)) return before.line == after.line && before.span.begin == after.span.begin;
  return same_value(before, after);
}

const Node* value_of(const Node& map, std::size_t index, std::string_view key) {
  if (index + 1 < map.children.size() && map.children[index].text == key)
    return &map.children[index + 1];
  return map.find(key);
}

bool same_scalar(const Node& one, const Node& other) {
  if (one.kind == other.kind && one.text == other.text && one.plain == other.plain &&
      one.tag == other.tag)
    return true;
  const auto first = yaml::resolve(one);
  const auto second = yaml::resolve(other);
  return first && second && first->type == second->type && first->value == second->value;
}

bool same_map(const Node& one, const Node& other) {
  for (std::size_t i = 0; i + 1 < one.children.size(); i += 2) {
    const Node& key = one.children[i];
    const bool in_order = i + 1 < other.children.size() && same_value(key, other.children[i]);
    const Node* value = in_order ? &other.children[i + 1] : other.find(key.text);
    if (value == nullptr || !same_value(one.children[i + 1], *value)) return false;
  }
  return true;
}

// Where the items of a list that stay are, by their places in the text.
std::unordered_set<std::size_t> kept_items(const Node& after) {
  std::unordered_set<std::size_t> kept;
  for (const Node& item : after.children)
    if (was_read(item)) kept.insert(item.span.begin);
  return kept;
}

}  // namespace

bool same_value(const Node& one, const Node& other) {
  if (!is_collection(one) && !is_collection(other)) return same_scalar(one, other);
  if (one.kind != other.kind || one.children.size() != other.children.size()) return false;
  if (one.is_map()) return same_map(one, other);
  return std::ranges::equal(one.children, other.children, same_value);
}

YamlEditor::YamlEditor(std::string_view text, YamlLayout layout)
    : text_(text), layout_(std::move(layout)) {}

void YamlEditor::change(const Node& before, const Node& after) {
  change_child({}, before, after);
}

std::vector<YamlEdit> YamlEditor::take() {
  return std::exchange(edits_, {});
}

void YamlEditor::change_child(const Node& parent, const Node& before, const Node& after) {
  if (before.is_map() && after.is_map()) return change_map(before, after);
  if (before.is_list() && after.is_list()) return change_list(before, after);
  if (!same_value(before, after)) replace(parent, before, after);
}

void YamlEditor::change_map(const Node& before, const Node& after) {
  std::vector<const Node*> added;
  for (std::size_t i = 0; i + 1 < after.children.size(); i += 2) {
    const Node& key = after.children[i];
    if (const Node* known = value_of(before, i, key.text))
      change_child(before, *known, after.children[i + 1]);
    else
      added.insert(added.end(), {&key, &after.children[i + 1]});
  }
  for (std::size_t i = 0; i + 1 < before.children.size(); i += 2)
    if (value_of(after, i, before.children[i].text) == nullptr) remove_child(before, i, 2);
  if (!added.empty()) add_entries(before, added);
}

void YamlEditor::change_list(const Node& before, const Node& after) {
  std::unordered_set<std::size_t> kept = kept_items(after);
  std::size_t i = 0;
  const auto stays = [&] { return kept.contains(before.children[i].span.begin); };
  for (const Node& item : after.children) {
    while (i < before.children.size() && was_read(item) && !stays()) remove_child(before, i++, 1);
    const bool is_there = i < before.children.size();
    if (is_there && (is_same_node(before.children[i], item) || (!was_read(item) && !stays()))) {
      change_child(before, before.children[i++], item);
      continue;
    }
    add_item(before, i, item);
    if (was_read(item)) kept.erase(item.span.begin);  // moved here from further down
  }
  for (; i < before.children.size(); ++i) remove_child(before, i, 1);
}

// A value that changes altogether.
void YamlEditor::replace(const Node& parent, const Node& before, const Node& after) {
  const Span& span = before.span;
  const bool is_empty = span.begin == span.end;
  if (is_empty && !after.children.empty() && parent.is_map() && !parent.flow) {
    const std::size_t columns = after.is_map() ? layout_.step : layout_.list_offset;
    const std::string prefix = prefix_of(parent.span.content) + std::string(columns, ' ');
    return insert_lines(next_line(span.end), block_collection(after, prefix, layout_), before);
  }
  std::string text =
      is_collection(after) || parent.flow ? flow_value(after, layout_) : block_scalar(after);
  if (is_empty) text.insert(0, " ");  // behind a colon or a dash
  const bool took_line_break = !is_empty && span.end > 0 && text_[span.end - 1] == '\n';
  if (took_line_break) text += layout_.line_break;  // a block scalar
  edit(span.begin, span.end - span.begin, std::move(text), before);
}

void YamlEditor::add_entries(const Node& map, const std::vector<const Node*>& keys_and_values) {
  const bool is_empty = map.span.content == map.span.tail;
  if (!map.flow) {
    const std::string prefix = prefix_of(map.span.content);
    std::string lines;
    for (std::size_t i = 0; i < keys_and_values.size(); i += 2)
      lines += block_entry(*keys_and_values[i], *keys_and_values[i + 1], prefix, layout_);
    return insert_lines(behind_comments(next_line(map.span.tail), prefix.size()), std::move(lines),
                        map);
  }
  const bool in_lines = !is_empty && has_own_line(map.span.content);
  std::string text;
  for (std::size_t i = 0; i < keys_and_values.size(); i += 2) {
    const std::string name =
        flow_value(*keys_and_values[i], layout_) + (layout_.tight ? ":" : ": ");
    if (in_lines) {
      add_flow_lines(map, name, *keys_and_values[i + 1]);
      continue;
    }
    if (!is_empty || i > 0) text += layout_.tight ? "," : ", ";
    text += name + flow_value(*keys_and_values[i + 1], layout_);
  }
  if (!in_lines) edit(map.span.tail, 0, std::move(text), map);
}

// In front of the first value, in the manner of its line.
void YamlEditor::add_flow_lines(const Node& collection, const std::string& name,
                                const Node& value) {
  const std::size_t at = line_start(collection.span.content);
  const std::string prefix = prefix_of(collection.span.content);
  const std::size_t outer_start = line_start(collection.span.begin);
  const std::size_t outer_end = text_.find_first_not_of(kBlanks, outer_start);
  const std::string_view outer = text_.substr(outer_start, outer_end - outer_start);
  const std::string step = prefix.starts_with(outer) && prefix.size() > outer.size()
                               ? prefix.substr(outer.size())
                               : std::string(layout_.step, ' ');
  insert_lines(at,
               prefix + name + flow_lines(value, prefix, step, layout_) + "," + layout_.line_break,
               collection);
}

void YamlEditor::add_item(const Node& list, std::size_t index, const Node& item) {
  const Span& span = list.span;
  if (list.flow) {
    const std::string_view comma = layout_.tight ? "," : ", ";
    if (span.content == span.tail) return edit(span.tail, 0, flow_value(item, layout_), list);
    if (index == 0 && has_own_line(span.content)) return add_flow_lines(list, {}, item);
    if (index == 0) return edit(span.content, 0, flow_value(item, layout_).append(comma), list);
    return edit(list.children[index - 1].span.end, 0,
                std::string(comma) + flow_value(item, layout_), list);
  }
  const std::string prefix = prefix_of(span.content);
  const std::string lines = block_item(item, prefix, layout_);
  if (index > 0) {
    const std::size_t behind = next_line(list.children[index - 1].span.end);
    return insert_lines(behind_comments(behind, prefix.size()), lines, list);
  }
  if (has_own_line(span.content))
    return insert_lines(before_comments(line_start(span.content), span.begin), lines, list);
  // "- - first": ours takes the place of the first, which goes into a line of its own
  edit(span.content, 0, lines.substr(prefix.size()) + prefix, list);
}

// An entry (`width` 2) or an item (1) goes, with the lines that only it stands in.
void YamlEditor::remove_child(const Node& parent, std::size_t index, std::size_t width) {
  const std::vector<Node>& children = parent.children;
  std::size_t begin = children[index].span.begin;
  const std::size_t end = children[index + width - 1].span.end;
  const Node& child = children[index];
  const bool has_next = index + width < children.size();
  if (!parent.flow && parent.is_list()) {
    const std::size_t dash = text_.find_last_not_of(kBlanks, begin == 0 ? 0 : begin - 1);
    if (dash != std::string_view::npos && text_[dash] == '-') begin = dash;
  }
  if (!parent.flow && has_own_line(begin)) {
    const std::size_t start = line_start(begin);
    return edit(start, next_line(end) - start, {}, child);
  }
  if (has_next) return edit(begin, children[index + width].span.begin - begin, {}, child);
  if (index == 0) return edit(begin, end - begin, {}, child);
  const std::size_t previous = children[index - 1].span.end;
  edit(previous, end - previous, {}, child);
}

void YamlEditor::insert_lines(std::size_t at, std::string lines, const Node& node) {
  if (at == text_.size() && at > 0 && text_[at - 1] != '\n') {  // and so it shall end
    lines.insert(0, layout_.line_break);
    lines.resize(lines.size() - layout_.line_break.size());
  }
  edit(at, 0, std::move(lines), node);
}

void YamlEditor::edit(std::size_t at, std::size_t length, std::string text, const Node& node) {
  edits_.push_back({at, length, std::move(text), node.span.begin, node.line});
}

std::size_t YamlEditor::line_start(std::size_t at) const {
  return at == 0 ? 0 : text_.rfind('\n', at - 1) + 1;  // npos + 1 is 0
}

// The first line that begins at `at` or behind it.
std::size_t YamlEditor::next_line(std::size_t at) const {
  if (at == 0 || text_[at - 1] == '\n') return at;
  const std::size_t end = text_.find('\n', at);
  return end == std::string_view::npos ? text_.size() : end + 1;
}

// Comments further in than `column` belong to what stands above them.
std::size_t YamlEditor::behind_comments(std::size_t at, std::size_t column) const {
  for (;;) {
    const std::size_t first = text_.find_first_not_of(kBlanks, at);
    if (first == std::string_view::npos || text_[first] != '#' || first - at <= column) return at;
    at = next_line(first + 1);
    if (at == text_.size()) return at;
  }
}

// Comments that stand right above what begins in the line `at` belong to it.
std::size_t YamlEditor::before_comments(std::size_t at, std::size_t limit) const {
  while (at > 0) {
    const std::size_t above = line_start(at - 1);
    const std::size_t first = text_.find_first_not_of(kBlanks, above);
    if (text_[first] != '#' || (above <= limit && limit < at)) return at;
    at = above;
  }
  return at;
}

bool YamlEditor::has_own_line(std::size_t at) const {
  return text_.find_first_not_of(kBlanks, line_start(at)) >= at;
}

// What stands in front of other lines of the collection that begins at `at`.
std::string YamlEditor::prefix_of(std::size_t at) const {
  const std::string_view before = text_.substr(line_start(at), at - line_start(at));
  if (before.find_first_not_of(kBlanks) == std::string_view::npos) return std::string(before);
  const auto characters = std::ranges::count_if(
      before, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  return std::string(static_cast<std::size_t>(characters), ' ');
}

Result<std::string, Problem> apply_edits(std::string_view text, std::vector<YamlEdit> edits) {
  std::ranges::stable_sort(edits, {}, &YamlEdit::at);
  std::string out;
  std::size_t done = 0;
  for (auto edit = edits.begin(); edit != edits.end(); ++edit) {
    const auto same_place = std::ranges::lower_bound(edits, edit->at, {}, &YamlEdit::at);
    const bool is_repeated = std::any_of(same_place, edit, [&](const YamlEdit& earlier) {
      return earlier.length == edit->length && earlier.text == edit->text;
    });
    if (is_repeated) continue;
    if (edit->at < done)
      return Problem{edit->line, "two changes of one place contradict each other"};
    out += text.substr(done, edit->at - done);
    out += edit->text;
    done = edit->at + edit->length;
  }
  out += text.substr(done);
  return out;
}

}  // namespace smc::webhook
