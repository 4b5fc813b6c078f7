// What a server serves at one path: the method, the type of the body, and who answers. Plain
// values.
#pragma once

#include <functional>
#include <string>

namespace smc::http {

struct Reply {
  int status = 200;  // 200, 400 or 503
  std::string body;
  const char* content_type = nullptr;  // none: the route's with status 200, else a line of text
};

// Whole body in, answer out, on the server's thread. It may grow the body in place. What it throws
// is answered 503 (std::bad_alloc) or 500.
using Handler = std::function<Reply(std::string& body)>;

struct Route {
  std::string path;
  std::string method;        // GET takes HEAD along
  std::string body_type;     // "application/json"; empty: no body is taken
  const char* content_type;  // of an answer with status 200
  Handler handler;
};

}  // namespace smc::http
