#include "node-init/diagnosis/explain.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>

#include "base/json_text.h"
#include "node-init/kernel/fallback_codes.h"

namespace smc::node {
namespace {

// What smcss puts before the codes, and in the place of them (smcss(8), column Mode).
constexpr std::string_view kTcpMode = "TCP";
constexpr std::string_view kRdmaModes[] = {"SMCR", "SMCD"};

// Words, and each slash as a word of its own. Brackets, quotes and commas are what codes stand in.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (std::isspace(static_cast<unsigned char>(c)) != 0 ||
        std::string_view(",;()[]\"'").find(c) != std::string_view::npos) {
      words.emplace_back();
    } else if (c == '/') {
      words.emplace_back("/");
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  std::erase_if(words, [](const std::string& word) { return word.empty(); });
  return words;
}

std::optional<std::uint32_t> parse_number(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  std::uint32_t code = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), code, 16);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return code;
}

std::string cased(std::string text, int (*change)(int)) {
  for (char& c : text) c = static_cast<char>(change(static_cast<unsigned char>(c)));
  return text;
}

// Names before numbers: none of them is eight hexadecimal digits.
std::optional<std::uint32_t> parse_code(const std::string& word) {
  if (const auto* own = find_fallback_name(cased(word, std::tolower))) return own->code;
  if (const auto* kernels = find_fallback_name(cased(word, std::toupper))) return kernels->code;
  return parse_number(word);
}

Error no_code(std::string_view text) {
  return {
      "\"" + printable(text, 40) + "\" is no fallback code", 0,
      "eight hexadecimal digits (03010000), two with a slash between them, a row of smcss, or a "
      "name such as peer_no_smc or SMC_CLC_DECL_PEERNOSMC"};
}

}  // namespace

Result<std::vector<AskedCode>> parse_asked_codes(std::string_view text) {
  std::vector<std::string> words = words_of(text);
  for (const std::string_view mode : kRdmaModes)
    if (words.size() > 1 && std::ranges::find(words, mode) != words.end())
      return std::vector<AskedCode>();
  // In a row of smcss the codes are what comes behind the mode.
  if (const auto mode = std::ranges::find(words, kTcpMode); mode != words.end())
    words.erase(words.begin(), mode + 1);
  std::vector<AskedCode> codes;
  bool after_slash = false;
  for (const std::string& word : words) {
    if (word == "/") {
      // Behind a local code, and once.
      if (after_slash || codes.empty() || codes.back().is_peers) return no_code(text);
      after_slash = true;
      continue;
    }
    const auto code = parse_code(word);
    if (!code) return no_code(text);
    codes.push_back({*code, after_slash});
    after_slash = false;
  }
  if (codes.empty() || after_slash) return no_code(text);
  return codes;
}

std::optional<std::string> explained(const AskedCode& asked) {
  char number[32];
  std::snprintf(number, sizeof number, "%s0x%08x", asked.is_peers ? "peer: " : "", asked.code);
  if (asked.code == 0) return std::string(number) + ": this end gave no reason\n";
  const FallbackCode* known = find_fallback_code(asked.code);
  if (known == nullptr) return std::nullopt;
  return std::string(number) + " " + std::string(known->name) + " (" + std::string(kKernelPrefix) +
         std::string(known->kernel_name) + "): " + std::string(known->meaning) +
         "\n  hint: " + std::string(known->hint) + "\n";
}

}  // namespace smc::node
