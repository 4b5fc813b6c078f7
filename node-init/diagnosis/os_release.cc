#include "node-init/diagnosis/os_release.h"

namespace smc::node {
namespace {

// os-release(5): shell quoting, with a backslash before the characters that are special to a shell.
std::string unquote(std::string_view value) {
  std::string plain;
  char quote = '\0';
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote && quote != '\0') {
      quote = '\0';
    } else if (c == '\\' && quote != '\'' && i + 1 < value.size()) {
      plain += value[++i];
    } else {
      plain += c;
    }
  }
  return plain;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace

OsRelease parse_os_release(std::string_view content) {
  OsRelease os;
  while (!content.empty()) {
    const auto end = std::min(content.find('\n'), content.size());
    const auto line = trimmed(content.substr(0, end));
    content.remove_prefix(std::min(end + 1, content.size()));

    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const auto key = line.substr(0, equals);
    const auto value = unquote(line.substr(equals + 1));
    if (key == "ID" && !value.empty()) os.id = value;
    if (key == "VERSION_ID") os.version_id = value;
    if (key == "PRETTY_NAME") os.pretty_name = value;
  }
  return os;
}

bool is_alibaba_cloud_linux_3(const OsRelease& os) {
  return os.id == "alinux" && (os.version_id == "3" || os.version_id.starts_with("3."));
}

}  // namespace smc::node
