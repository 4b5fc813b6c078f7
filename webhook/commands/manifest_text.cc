#include "webhook/commands/manifest_text.h"

#include <algorithm>

namespace smc::webhook {
namespace {

// The first line of `text` with its line break.
std::string_view first_line_of(std::string_view text) {
  return text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
}

// "---" and "..." are markers wherever a line begins with them and a blank or nothing follows, in
// quoted and block scalars too (YAML 1.2, 9.1.2): no scalar can hold them there.
bool is_marker(std::string_view line, std::string_view marker) {
  if (!line.starts_with(marker)) return false;
  return line.size() == marker.size() ||
         std::string_view(" \t\r\n").find(line[marker.size()]) != std::string_view::npos;
}

bool is_blank_or_comment(std::string_view line) {
  const std::size_t start = line.find_first_not_of(" \t\r\n");
  return start == std::string_view::npos || line[start] == '#';
}

}  // namespace

std::vector<ManifestPart> split_manifest(std::string_view text) {
  std::vector<ManifestPart> parts;
  ManifestPart part;
  bool has_directive = false;
  bool has_content = false;
  const auto begin_part = [&](std::size_t at, int line) {
    if (!part.text.empty()) parts.push_back(part);
    part = {text.substr(at, 0), line};
    has_directive = has_content = false;
  };
  int line_number = 1;
  begin_part(0, line_number);
  for (std::size_t at = 0; at < text.size(); ++line_number) {
    const std::string_view line = first_line_of(text.substr(at));
    const bool begins_document = is_marker(line, "---");
    // directives belong to the document after them
    if (begins_document && (has_content || !has_directive)) begin_part(at, line_number);
    part.text = std::string_view(part.text.data(), part.text.size() + line.size());
    at += line.size();
    has_directive = has_directive || (line[0] == '%' && !has_content);
    has_content = has_content || begins_document || (line[0] != '%' && !is_blank_or_comment(line));
    if (is_marker(line, "...")) begin_part(at, line_number + 1);
  }
  begin_part(text.size(), line_number);
  return parts;
}

}  // namespace smc::webhook
