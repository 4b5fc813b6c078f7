// "http://HOST[:PORT][/PATH]" as the commands that make connections of their own take it. Pure
// functions, safe on any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/host_port.h"
#include "base/result.h"

namespace smc {

struct HttpUrl {
  HostPort address;
  std::string path = "/";  // with the query
};

// Port 80 where none is named. HTTPS is refused, and so is what could not stand in a request's
// first line.
Result<HttpUrl> parse_http_url(std::string_view text);

}  // namespace smc
