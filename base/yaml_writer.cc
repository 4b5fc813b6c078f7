#include "base/yaml_writer.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>

#include "base/base64.h"
#include "base/utf8.h"
#include "base/yaml_scalar.h"

namespace smc::yaml {
namespace {

// A key must fit into 1,024 characters to stand before its colon (YAML 1.2, 7.4); go-yaml counts
// bytes.
constexpr std::size_t kMaxSimpleKey = 1000;
constexpr std::size_t kIndent = 2;

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
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

// "50m", "32Mi", "30s": no reader's number, though it begins with a digit.
bool is_amount(std::string_view text) {
  const auto letters = std::find_if_not(text.begin(), text.end(), is_digit);
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

// With single quotes nothing is escaped, so that JSON in an annotation stays readable.
bool is_single_quoted(std::string_view text) {
  if (text.find('"') == std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= ' ' && c <= '~' && c != '\''; });
}

std::string quoted(std::string_view text) {
  if (is_single_quoted(text)) return "'" + std::string(text) + "'";
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
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

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

// Calls `line` for each line without its break; false as soon as one is refused.
template <class Predicate>
bool each_line(std::string_view text, Predicate line) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (!line(text.substr(0, end))) return false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

// Blanks alone would be taken for indentation.
bool is_block_line(std::string_view line) {
  if (!line.empty() && line.find_first_not_of(" \t") == std::string_view::npos) return false;
  while (!line.empty()) {
    const std::size_t length = utf8_length(line);
    const char32_t c = utf8_code_point(line.substr(0, length));
    if (c != '\t' && must_escape(c)) return false;
    line.remove_prefix(length);
  }
  return true;
}

// Whether a text can be a literal block scalar without an indentation indicator, with at most one
// line break at its end.
bool is_block(std::string_view text) {
  if (text.find('\n') == std::string_view::npos) return false;
  if (std::string_view("\n \t").find(text[0]) != std::string_view::npos) return false;
  if (text.size() >= 2 && text.substr(text.size() - 2) == "\n\n") return false;
  return each_line(text, is_block_line);
}

// Leaves the writer when a node has no form; caught in write().
struct Refused {
  Problem problem;
};

class Writer {
 public:
  void document(const Node& root) {
    if (!is_open_collection(root)) out_ += inline_text(root, kIndent) + "\n";
    if (root.is_map() && !root.children.empty()) map(root, 0);
    if (root.is_list() && !root.children.empty()) list(root, 0);
  }

  std::string take() { return std::move(out_); }

 private:
  // Written over several lines.
  static bool is_open_collection(const Node& node) {
    return (node.is_map() || node.is_list()) && !node.children.empty();
  }

  // Everything but an open collection; the lines of a block scalar stand at `indent`.
  static std::string inline_text(const Node& node, std::size_t indent) {
    if (node.is_map()) return "{}";
    if (node.is_list()) return "[]";
    const auto scalar = resolve(node);
    if (!scalar) throw Refused{scalar.error()};
    if (scalar->type != ScalarType::kString) return scalar->value;
    if (!is_utf8(scalar->value)) return "!!binary " + base64_encode(scalar->value);
    if (is_block(scalar->value)) return block(scalar->value, indent);
    return is_plain(scalar->value) ? scalar->value : quoted(scalar->value);
  }

  static std::string block(std::string_view text, std::size_t indent) {
    std::string out = text.back() == '\n' ? "|" : "|-";
    each_line(text, [&](std::string_view line) {
      out += '\n';
      if (!line.empty()) out.append(indent, ' ').append(line);
      return true;
    });
    return out;
  }

  static std::string key_text(const Node& key) {
    if (key.kind != Kind::kScalar) throw Refused{{key.line, "a key must be a string"}};
    const auto scalar = resolve(key);
    if (!scalar) throw Refused{scalar.error()};
    if (scalar->type == ScalarType::kNull || !is_utf8(scalar->value))
      throw Refused{{key.line, "a key must be a string"}};
    // numbers and booleans become strings on the way to JSON; the quotes say so
    return is_plain(scalar->value) ? scalar->value : quoted(scalar->value);
  }

  void map(const Node& node, std::size_t indent, bool first_is_indented = false) {
    for (std::size_t i = 0; i + 1 < node.children.size(); i += 2) {
      if (i > 0 || !first_is_indented) out_.append(indent, ' ');
      const std::string key = key_text(node.children[i]);
      const Node& value = node.children[i + 1];
      if (key.size() <= kMaxSimpleKey) {
        out_ += key + ":";
        value_after_key(value, indent);
      } else {
        out_ += "? " + key + "\n";
        out_.append(indent, ' ').append(": ");
        item(value, indent);
      }
    }
  }

  // Lists stand at their key's indentation, as kubectl writes them.
  void value_after_key(const Node& value, std::size_t indent) {
    if (!is_open_collection(value)) {
      out_ += " " + inline_text(value, indent + kIndent) + "\n";
      return;
    }
    out_ += '\n';
    if (value.is_map())
      map(value, indent + kIndent);
    else
      list(value, indent);
  }

  void list(const Node& node, std::size_t indent, bool first_is_indented = false) {
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      if (i > 0 || !first_is_indented) out_.append(indent, ' ');
      out_ += "- ";
      item(node.children[i], indent);
    }
  }

  // What follows a "- " at `indent`.
  void item(const Node& node, std::size_t indent) {
    if (!is_open_collection(node))
      out_ += inline_text(node, indent + kIndent) + "\n";
    else if (node.is_map())
      map(node, indent + kIndent, true);
    else
      list(node, indent + kIndent, true);
  }

  std::string out_;
};

}  // namespace

Result<std::string, Problem> write(const Node& root) {
  Writer writer;
  try {
    writer.document(root);
  } catch (const Refused& refused) {
    return refused.problem;
  }
  return writer.take();
}

}  // namespace smc::yaml
