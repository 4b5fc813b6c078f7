// What a server serves at one path: the method, the type of the body, and who answers. Plain
// values.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace smc::http {

struct Reply;

// An answer that takes a while, made on another thread.
class PendingReply {
 public:
  virtual ~PendingReply() = default;
  // The answer once it is there. Asked some times a second on the server's thread, never again
  // after it has answered; it has to end by itself, since no deadline of the server's holds.
  virtual std::optional<Reply> take() = 0;
};

struct Reply {
  int status = 200;
  std::string body;
  const char* content_type = nullptr;  // none: the route's with status 200, else a line of text
  std::shared_ptr<PendingReply> later = nullptr;  // instead of all of the above
};

// Whole body in, answer out, on the server's thread. It may grow the body in place. What it throws
// is answered 503 (std::bad_alloc) or 500.
using Handler = std::function<Reply(std::string& body)>;

// What a request says beside its path.
struct Call {
  std::string_view query;  // what is behind "?", as it was sent
  std::string_view token;  // of the route's token_header; empty where it is missing or there twice
};

struct Route {
  std::string path;
  std::string method;        // GET takes HEAD along
  std::string body_type;     // "application/json"; empty: no body is taken
  const char* content_type;  // of an answer with status 200
  Handler handler;
  // In place of `handler`, for routes without a body.
  std::function<Reply(const Call&)> call = nullptr;
  std::string token_header = {};  // of `call`; the same for all routes of a server that have one
};

}  // namespace smc::http
