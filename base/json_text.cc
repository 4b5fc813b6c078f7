#include "base/json_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/utf8.h"

namespace smc {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

void append_escaped(std::string& out, char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 0xF];
  }
}

// ASCII that stands for itself, in JSON and on a terminal.
bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\';
}

constexpr std::uint64_t each(unsigned char byte) {
  return 0x0101010101010101 * std::uint64_t{byte};
}

// Whether all eight bytes are plain. A false "no" after a byte that is not plain does no harm.
bool are_plain(std::uint64_t bytes) {
  const auto has_zero = [](std::uint64_t of) { return (of - each(1)) & ~of; };
  const std::uint64_t found = bytes | (bytes - each(0x20)) | (bytes + each(1)) |
                              has_zero(bytes ^ each('"')) | has_zero(bytes ^ each('\\'));
  return (found & each(0x80)) == 0;
}

// Eight bytes at a time: most of what is logged and answered is plain to its end.
std::size_t plain_length(std::string_view text) {
  std::size_t length = 0;
  for (std::uint64_t bytes = 0; text.size() - length >= sizeof bytes; length += sizeof bytes) {
    std::memcpy(&bytes, text.data() + length, sizeof bytes);
    if (!are_plain(bytes)) break;
  }
  if (const std::size_t rest = text.size() - length; length > 0 && rest < sizeof(std::uint64_t)) {
    std::uint64_t bytes = 0;  // the last ones, some of which have been looked at
    std::memcpy(&bytes, text.data() + text.size() - sizeof bytes, sizeof bytes);
    if (are_plain(bytes)) return text.size();
  }
  while (length < text.size() && is_plain(text[length])) ++length;
  return length;
}

bool must_escape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (;;) {
    std::size_t length = plain_length(text);
    out += text.substr(0, length);
    text.remove_prefix(length);
    if (text.empty()) break;
    length = utf8_length(text);
    if (must_escape(text[0])) {
      append_escaped(out, text[0]);
    } else if (length == 0) {
      out += kReplacement;
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  out += '"';
}

std::string json_string(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  append_json_string(out, text);
  return out;
}

void append_printable(std::string& out, std::string_view text, std::size_t max_characters) {
  std::size_t left = max_characters;
  for (;;) {
    std::size_t length = plain_length(text.substr(0, left));
    out += text.substr(0, length);
    text.remove_prefix(length);
    left -= length;
    if (text.empty()) return;
    if (left == 0) {
      out += "...";
      return;
    }
    const auto c = static_cast<unsigned char>(text[0]);
    length = utf8_length(text);
    if (length == 0 || c < 0x20 || c == 0x7F)
      out += '?';
    else
      out += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
    --left;
  }
}

std::string printable(std::string_view text, std::size_t max_characters) {
  std::string out;
  append_printable(out, text, max_characters);
  return out;
}

}  // namespace smc
