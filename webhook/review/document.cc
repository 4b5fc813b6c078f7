#include "webhook/review/document.h"

#include <algorithm>
#include <cctype>
#include <new>
#include <string_view>

namespace smc::webhook {
namespace {

// Buffers for documents up to this size are kept: larger than nearly every pod, small beside the
// program itself (14 bytes for each byte of the document).
constexpr std::size_t kKeptCapacity = 256 << 10;

// Less than this is not worth a second allocation.
constexpr std::size_t kSmallest = 4 << 10;

// Where even the densest document stays below kMaxParserBytes: 12 bytes for each of its own, as
// above, and two copies of its strings.
constexpr std::size_t kAlwaysFits = kMaxParserBytes / 14;

// Upper bound of what parsing `text` takes. Each value but the first follows one of ",:[{": a
// number's tape and index (20 bytes) and that character's index (4), or a container's two ends.
std::size_t parser_bytes(std::string_view text) {
  std::size_t introducers = 0;
  for (const char c : text) introducers += c == ',' || c == ':' || c == '[' || c == '{';
  return 24 * introducers + 2 * text.size();
}

// The end of the string that starts before `at`: one past its closing quote.
std::size_t skip_string(std::string_view text, std::size_t at) {
  for (; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return std::min(at + 1, text.size());
}

// How deep objects and arrays nest in `text`, empty ones included (simdjson does not count these).
std::size_t nesting(std::string_view text) {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') at = skip_string(text, at + 1) - 1;
    if (c == '[' || c == '{') deepest = std::max(deepest, ++depth);
    if ((c == ']' || c == '}') && depth > 0) --depth;
  }
  return deepest;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

// The length of the number at the start of `text` (RFC 8259, section 6), 0 if there is none.
std::size_t number_length(std::string_view text) {
  const std::size_t start = text[0] == '-' ? 1 : 0;
  std::size_t at = skip_digits(text, start);
  if (at == start || (text[start] == '0' && at > start + 1)) return 0;
  if (at < text.size() && text[at] == '.') {
    const std::size_t fraction = at + 1;
    at = skip_digits(text, fraction);
    if (at == fraction) return 0;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t exponent = at;
    at = skip_digits(text, exponent);
    if (at == exponent) return 0;
  }
  return at;
}

// simdjson refuses numbers beyond 64 bits and beyond a double, which are good JSON. We never copy a
// number from the document, so each that could be one becomes a double that no field of ours takes.
// Whether there was one; where the text is no JSON, only up to there.
bool replace_large_numbers(std::string& text) {
  constexpr std::string_view kStandIn = "1e19";
  constexpr std::size_t kShortestLarge = 5;  // "1e309"; the shortest integer beyond 64 bits has 19
  bool found = false;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '"') {
      at = skip_string(text, at + 1);
    } else if (text[at] == '-' || is_digit(text[at])) {
      const std::string_view rest = std::string_view(text).substr(at);
      const std::size_t length = number_length(rest);
      if (length == 0) return found;  // no JSON: the parser will say so
      const bool exponent = rest.substr(0, length).find_first_of("eE") != std::string_view::npos;
      if (length >= 19 || (exponent && length >= kShortestLarge)) {
        std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(at), length, ' ');
        text.replace(at, kStandIn.size(), kStandIn);
        found = true;
      }
      at += length;
    } else {
      ++at;
    }
  }
  return found;
}

std::string_view problem(simdjson::error_code error) {
  switch (error) {
    case simdjson::EMPTY:
      return "it is empty";
    case simdjson::UTF8_ERROR:
      return "bytes that are no UTF-8";
    case simdjson::UNCLOSED_STRING:
      return "a string has no end";
    case simdjson::UNESCAPED_CHARS:
      return "a control character in a string";
    case simdjson::STRING_ERROR:
      return "a string with a bad escape";
    case simdjson::NUMBER_ERROR:
      return "a malformed number";
    default:
      return "a comma, brace or value is missing, or one too many";
  }
}

// In the same words whatever simdjson's version.
Error not_json(simdjson::error_code error) {
  return {"document: not JSON: " + std::string(problem(error)), 0, {}};
}

}  // namespace

simdjson::error_code Document::run(std::string& text, std::size_t max_depth) {
  text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  if (parser_.max_depth() != max_depth &&
      parser_.allocate(std::max(parser_.capacity(), kSmallest), max_depth) != simdjson::SUCCESS)
    throw std::bad_alloc();
  const simdjson::error_code failed = parser_.parse(text.data(), text.size(), false).get(root_);
  if (failed == simdjson::MEMALLOC) throw std::bad_alloc();
  return failed;
}

Result<simdjson::dom::element> Document::parse(std::string& body) {
  if (body.size() > kAlwaysFits && parser_bytes(body) > kMaxParserBytes)
    return Error{"document: more values than an object of the API server can have", 0, {}};

  // simdjson's limit is one more than the depth that it accepts, and an empty innermost container
  // does not count there: kMaxDepth refuses what is too deep and, by one, too much.
  std::size_t max_depth = kMaxDepth;
  std::string* text = &body;
  for (;;) {
    const simdjson::error_code failed = run(*text, max_depth);
    if (failed == simdjson::SUCCESS) return root_;
    if (failed == simdjson::DEPTH_ERROR && nesting(*text) <= kMaxDepth) {
      max_depth = kMaxDepth + 1;
    } else if (failed == simdjson::DEPTH_ERROR) {
      return Error{"document: nested deeper than " + std::to_string(kMaxDepth), 0, {}};
    } else {
      if (text == &rewritten_) return not_json(failed);
      // Versions of simdjson differ in the error that they give for a large number.
      rewritten_.reserve(body.size() + simdjson::SIMDJSON_PADDING);
      rewritten_ = body;
      if (!replace_large_numbers(rewritten_)) return not_json(failed);
      text = &rewritten_;
    }
  }
}

void Document::shrink() {
  if (parser_.capacity() > kKeptCapacity) parser_ = simdjson::dom::parser();
  rewritten_ = std::string();
}

}  // namespace smc::webhook
