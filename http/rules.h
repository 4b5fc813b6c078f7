// HTTP/1.1 as the servers speak it: where a header block ends, what it asks for, why it is refused,
// and the head of an answer. Text in, text out, no sockets; safe on any thread.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "http/route.h"

namespace smc::http {

// In the order in which they are checked; the first that holds decides.
enum class Refusal {
  kNone,
  kHeaderTooLarge,
  kConnectionCap,
  kTransferEncoding,
  kMalformed,
  kVersion,
  kHost,
  kPath,
  kMethod,
  kContentEncoding,
  kContentType,
  kLengthRequired,
  kExpectation,
  kBodyTooLarge,
  kMemory,
  kReview,
  kInternal,
};

struct RefusalInfo {
  Refusal refusal;
  int status;
  std::string_view reason;    // metric label and log field
  std::string_view sentence;  // body of the answer
};

inline constexpr std::array kRefusals = {
    RefusalInfo{Refusal::kNone, 200, "none", ""},
    RefusalInfo{Refusal::kHeaderTooLarge, 431, "header_too_large", "the header is too large"},
    RefusalInfo{Refusal::kConnectionCap, 503, "connection_cap", "too many connections"},
    RefusalInfo{Refusal::kTransferEncoding, 411, "transfer_encoding",
                "Transfer-Encoding is not taken, send a Content-Length"},
    RefusalInfo{Refusal::kMalformed, 400, "malformed", "the request is not well-formed HTTP"},
    RefusalInfo{Refusal::kVersion, 505, "version", "only HTTP/1.1 and HTTP/1.0 are spoken"},
    RefusalInfo{Refusal::kHost, 400, "host", "exactly one Host is needed"},
    RefusalInfo{Refusal::kPath, 404, "path", "nothing is served at this path"},
    RefusalInfo{Refusal::kMethod, 405, "method", "Allow names the methods that are taken here"},
    RefusalInfo{Refusal::kContentEncoding, 415, "content_encoding",
                "Content-Encoding is not taken, send the body as it is"},
    RefusalInfo{Refusal::kContentType, 415, "content_type", "the Content-Type must be "},
    RefusalInfo{Refusal::kLengthRequired, 411, "length_required", "a Content-Length is needed"},
    RefusalInfo{Refusal::kExpectation, 417, "expectation", "only Expect: 100-continue is known"},
    RefusalInfo{Refusal::kBodyTooLarge, 413, "body_too_large", "the body is over the limit"},
    RefusalInfo{Refusal::kMemory, 503, "memory", "no memory for this request, try again"},
    RefusalInfo{Refusal::kReview, 400, "review",
                ""},  // a body that the handler refuses and counts itself
    RefusalInfo{Refusal::kInternal, 500, "internal", "internal error"},
};

constexpr const RefusalInfo& info(Refusal refusal) {
  return kRefusals[static_cast<std::size_t>(refusal)];
}

// How far the search for the end of a header block has come.
struct HeaderSearch {
  std::size_t length = 0;    // of the block, its empty line included; 0: not all of it is there
  std::size_t searched = 0;  // bytes that need not be looked at again
};

// Goes on from `before` on bytes that have grown since, so that a header arriving byte by byte
// costs no more than one pass. A bare LF ends a line here: what follows is for read_head to refuse,
// now and not at a deadline.
HeaderSearch search_header(std::string_view bytes, HeaderSearch before = {});

// What a whole header block says.
struct RequestHead {
  Refusal refusal = Refusal::kNone;
  const Route* route = nullptr;  // of the path, whatever the method
  std::size_t content_length = 0;
  std::string query;              // this and the next where the route has a `call`
  std::string token;              // see Call
  bool head_method = false;       // the answer must have no body
  bool expects_continue = false;  // the client waits for "100 Continue"
  bool keep_alive = false;        // the connection may stay open after the answer
};

RequestHead read_head(std::string_view block, std::span<const Route> routes,
                      std::size_t max_body_bytes);

// What the head of an answer says.
struct AnswerHead {
  int status = 200;
  std::string_view content_type;
  std::size_t length = 0;  // bytes of the body that follows
  std::string_view allow;  // with status 405
  std::string_view date;   // an IMF-fixdate (RFC 9110, section 5.6.7)
  bool keep_alive = false;
};

// Appends status line and fields.
void append_head(std::string& to, const AnswerHead& head);

}  // namespace smc::http
