#include "webhook/commands/yaml_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <optional>

#include "base/utf8.h"
#include "base/yaml_scalar.h"

namespace smc::webhook {
namespace {

using yaml::Node;
using yaml::ScalarType;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Words that one reader or another takes for a boolean, null or a number, whatever their case.
bool is_reserved_word(std::string_view text) {
  constexpr std::array<std::string_view, 12> kWords = {
      "true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf", "infinity"};
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(kWords, lower) != kWords.end();
}

// "50m", "32Mi", "30s": no reader's number, though it begins with a digit.
bool is_amount(std::string_view text) {
  const auto letters = std::ranges::find_if_not(text, is_digit);
  constexpr std::string_view kNumbersOwn = "eExXoObB";  // 1e3, 0x1f, 0o7, 0b1
  return letters != text.begin() && letters != text.end() &&
         kNumbersOwn.find(*letters) == std::string_view::npos &&
         std::all_of(letters, text.end(), is_letter);
}

bool is_safe_inside(std::string_view text, std::size_t i) {
  constexpr std::string_view kSafe = "_./=,@+-";
  const char c = text[i];
  if (is_letter(c) || is_digit(c) || kSafe.find(c) != std::string_view::npos) return true;
  const bool at_end = i + 1 == text.size();
  // ": " ends a key; a blank at the end is lost
  if (c == ':') return !at_end && text[i + 1] != ' ';
  return c == ' ' && !at_end;
}

// Whether the characters can stand without quotes, as key and as value, and mean a string to every
// reader. Deliberately narrow: what is not obviously safe is quoted.
bool is_plain(std::string_view text) {
  if (text.empty() || is_reserved_word(text)) return false;
  if (is_amount(text)) return true;
  if (!is_letter(text[0]) && text[0] != '/') return false;
  for (std::size_t i = 1; i < text.size(); ++i)
    if (!is_safe_inside(text, i)) return false;
  return true;
}

// Characters that a reader folds, refuses or drops when they are not escaped: controls, NEL, the
// line and paragraph separators, the byte order mark and the two non-characters (YAML 1.1, 4.1 and
// 1.2, 5.1).
bool must_escape(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || c == 0xFEFF ||
         c == 0xFFFE || c == 0xFFFF;
}

void append_escape(std::string& out, char32_t c) {
  if (c == '\n') {
    out += "\\n";
  } else if (c == '\t') {
    out += "\\t";
  } else {
    std::array<char, 8> text{};
    const int size = std::snprintf(text.data(), text.size(), "\\u%04x", static_cast<unsigned>(c));
    out.append(text.data(), static_cast<std::size_t>(size));
  }
}

// In double quotes, where JSON and YAML agree.
std::string double_quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = std::max<std::size_t>(utf8_length(text), 1);
    const char32_t c = utf8_code_point(text.substr(0, length));
    if (c == '"' || c == '\\')
      out.append("\\").append(1, static_cast<char>(c));
    else if (must_escape(c))
      append_escape(out, c);
    else
      out += text.substr(0, length);
    text.remove_prefix(length);
  }
  return out + "\"";
}

// With single quotes nothing is escaped, so that JSON in an annotation stays readable.
bool is_single_quoted(std::string_view text) {
  return text.find('"') != std::string_view::npos &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~' && c != '\''; });
}

std::string json_scalar(const Node& node) {
  const auto scalar = yaml::resolve(node);
  if (!scalar) return double_quoted(node.text);
  return scalar->type == ScalarType::kString ? double_quoted(scalar->value) : scalar->value;
}

bool is_filled(const Node& node) {
  return !node.children.empty();
}

class BlockWriter {
 public:
  explicit BlockWriter(const YamlLayout& layout) : layout_(layout) {}

  void entry(const Node& key, const Node& value, const std::string& prefix) {
    out_ += block_scalar(key) + ":";
    if (!is_filled(value)) {
      out_ += " " + inline_value(value) + layout_.line_break;
      return;
    }
    out_ += layout_.line_break;
    const std::size_t columns = value.is_map() ? layout_.step : layout_.list_offset;
    collection(value, prefix + std::string(columns, ' '), false);
  }

  void item(const Node& node, const std::string& prefix) {
    out_ += "- ";
    if (is_filled(node))
      collection(node, prefix + "  ", true);
    else
      out_ += inline_value(node) + layout_.line_break;
  }

  // `begun`: the prefix of the first line is there.
  void collection(const Node& node, const std::string& prefix, bool begun) {
    const std::size_t width = node.is_map() ? 2 : 1;
    for (std::size_t i = 0; i + width <= node.children.size(); i += width) {
      if (i > 0 || !begun) out_ += prefix;
      if (node.is_map())
        entry(node.children[i], node.children[i + 1], prefix);
      else
        item(node.children[i], prefix);
    }
  }

  std::string take() { return std::move(out_); }

 private:
  std::string inline_value(const Node& node) const {
    return node.is_map() || node.is_list() ? flow_value(node, layout_) : block_scalar(node);
  }

  const YamlLayout& layout_;
  std::string out_;
};

class FlowWriter {
 public:
  // Over several lines where `step` is given.
  FlowWriter(const YamlLayout& layout, const std::string* step) : layout_(layout), step_(step) {}

  void value(const Node& node, const std::string& prefix) {
    if (!node.is_map() && !node.is_list()) {
      out_ += json_scalar(node);
      return;
    }
    out_ += node.is_map() ? '{' : '[';
    const std::string inner = step_ != nullptr ? prefix + *step_ : prefix;
    const std::size_t width = node.is_map() ? 2 : 1;
    for (std::size_t i = 0; i + width <= node.children.size(); i += width) {
      if (i > 0) out_ += step_ != nullptr || layout_.tight ? "," : ", ";
      if (step_ != nullptr) out_ += layout_.line_break + inner;
      if (node.is_map()) out_ += json_scalar(node.children[i]) + (layout_.tight ? ":" : ": ");
      value(node.children[i + width - 1], inner);
    }
    if (step_ != nullptr && is_filled(node)) out_ += layout_.line_break + prefix;
    out_ += node.is_map() ? '}' : ']';
  }

  std::string take() { return std::move(out_); }

 private:
  const YamlLayout& layout_;
  const std::string* step_;
  std::string out_;
};

// In a line of its own a collection's column is the count of characters before it.
std::size_t column(std::string_view text, const Node& node) {
  const std::size_t at = std::min(node.span.content, text.size());
  const std::size_t start = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
  return static_cast<std::size_t>(std::ranges::count_if(text.substr(start, at - start), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

struct Seen {
  std::optional<std::size_t> step;
  std::optional<std::size_t> list_offset;
};

void look(std::string_view text, const Node& node, Seen& seen) {
  if (node.alias_line != 0 || node.flow || (seen.step && seen.list_offset)) return;
  for (const Node& child : node.children) {
    if (node.is_map() && child.alias_line == 0 && !child.flow && is_filled(child)) {
      const std::size_t outer = column(text, node);
      const std::size_t inner = column(text, child);
      if (child.is_map() && !seen.step && inner > outer) seen.step = inner - outer;
      if (child.is_list() && !seen.list_offset && inner >= outer) seen.list_offset = inner - outer;
    }
    look(text, child, seen);
  }
}

}  // namespace

YamlLayout layout_of(std::string_view text, const Node& document, const Node& near) {
  YamlLayout layout;
  Seen seen;
  look(text, near, seen);
  look(text, document, seen);
  layout.step = seen.step.value_or(layout.step);
  layout.list_offset = seen.list_offset.value_or(layout.list_offset);
  const std::size_t colon = text.find("\":");
  layout.tight = colon != std::string_view::npos && colon + 2 < text.size() &&
                 std::string_view(" \t\r\n").find(text[colon + 2]) == std::string_view::npos;
  const std::size_t end = text.find('\n');
  if (end != std::string_view::npos && end > 0 && text[end - 1] == '\r') layout.line_break = "\r\n";
  return layout;
}

std::string block_scalar(const Node& node) {
  const auto scalar = yaml::resolve(node);
  if (!scalar || scalar->type != ScalarType::kString) return json_scalar(node);
  if (is_plain(scalar->value)) return scalar->value;
  return is_single_quoted(scalar->value) ? "'" + scalar->value + "'" : double_quoted(scalar->value);
}

std::string block_entry(const Node& key, const Node& value, const std::string& prefix,
                        const YamlLayout& layout) {
  BlockWriter writer(layout);
  writer.entry(key, value, prefix);
  return prefix + writer.take();
}

std::string block_item(const Node& item, const std::string& prefix, const YamlLayout& layout) {
  BlockWriter writer(layout);
  writer.item(item, prefix);
  return prefix + writer.take();
}

std::string block_collection(const Node& node, const std::string& prefix,
                             const YamlLayout& layout) {
  BlockWriter writer(layout);
  writer.collection(node, prefix, false);
  return writer.take();
}

std::string flow_value(const Node& node, const YamlLayout& layout) {
  FlowWriter writer(layout, nullptr);
  writer.value(node, {});
  return writer.take();
}

std::string flow_lines(const Node& node, const std::string& prefix, const std::string& step,
                       const YamlLayout& layout) {
  FlowWriter writer(layout, &step);
  writer.value(node, prefix);
  return writer.take();
}

}  // namespace smc::webhook
