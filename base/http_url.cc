#include "base/http_url.h"

#include <algorithm>

#include "base/json_text.h"

namespace smc {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::size_t kShown = 120;  // characters of a user's text in a message

Error refused(std::string_view text, const std::string& why) {
  return {"\"" + printable(text, kShown) + "\" " + why, 0,
          "give http://HOST[:PORT]/PATH, such as http://server:8080/echo"};
}

bool has_port(std::string_view authority) {
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  return colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
}

}  // namespace

Result<HttpUrl> parse_http_url(std::string_view text) {
  if (text.starts_with("https://")) return refused(text, "is HTTPS, which is not spoken here");
  if (!text.starts_with(kScheme)) return refused(text, "does not begin with http://");
  if (!std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; }))
    return refused(text, "has a character that no URL has");
  std::string_view rest = text.substr(kScheme.size());
  rest = rest.substr(0, rest.find('#'));
  const std::size_t end = std::min(rest.find('/'), rest.find('?'));
  const std::string_view authority = rest.substr(0, end);
  if (authority.empty() || authority.front() == ':') return refused(text, "names no host");
  if (authority.find('@') != std::string_view::npos) return refused(text, "holds a user's name");
  const auto address = parse_host_port(has_port(authority) ? std::string(authority)
                                                           : std::string(authority) + ":80");
  if (!address) return address.error();
  HttpUrl out{*address, "/"};
  if (end != std::string_view::npos) {
    out.path = rest.substr(end);
    if (out.path.front() != '/') out.path.insert(0, "/");
  }
  return out;
}

}  // namespace smc
