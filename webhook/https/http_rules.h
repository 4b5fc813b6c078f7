// HTTP/1.1 as the admission listener speaks it: where a header block ends, what it asks for, why it
// is refused, and the head of an answer. Text in, text out, no sockets; safe on any thread.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace smc::webhook {

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
    RefusalInfo{Refusal::kHeaderTooLarge, 431, "header_too_large", "the header is over 64 KiB"},
    RefusalInfo{Refusal::kConnectionCap, 503, "connection_cap", "too many connections"},
    RefusalInfo{Refusal::kTransferEncoding, 411, "transfer_encoding",
                "Transfer-Encoding is not taken, send a Content-Length"},
    RefusalInfo{Refusal::kMalformed, 400, "malformed", "the request is not well-formed HTTP"},
    RefusalInfo{Refusal::kVersion, 505, "version", "only HTTP/1.1 and HTTP/1.0 are spoken"},
    RefusalInfo{Refusal::kHost, 400, "host", "exactly one Host is needed"},
    RefusalInfo{Refusal::kPath, 404, "path", "only /mutate is served here"},
    RefusalInfo{Refusal::kMethod, 405, "method", "only POST is taken"},
    RefusalInfo{Refusal::kContentEncoding, 415, "content_encoding",
                "Content-Encoding is not taken, send the body as it is"},
    RefusalInfo{Refusal::kContentType, 415, "content_type",
                "the Content-Type must be application/json"},
    RefusalInfo{Refusal::kLengthRequired, 411, "length_required", "a Content-Length is needed"},
    RefusalInfo{Refusal::kExpectation, 417, "expectation", "only Expect: 100-continue is known"},
    RefusalInfo{Refusal::kBodyTooLarge, 413, "body_too_large",
                "the body is over the configured server.maxBodyBytes"},
    RefusalInfo{Refusal::kMemory, 503, "memory", "no memory for this request, try again"},
    RefusalInfo{Refusal::kReview, 400, "review", ""},  // the injector says why
    RefusalInfo{Refusal::kInternal, 500, "internal", "internal error"},
};

constexpr const RefusalInfo& info(Refusal refusal) {
  return kRefusals[static_cast<std::size_t>(refusal)];
}

// The length of the header block at the start of `bytes`, its empty line included; 0 while that is
// not there yet. `searched` is kept by the caller between calls on growing bytes (0 at first), so
// that a header arriving byte by byte costs no more than one pass. A bare LF ends a line here: what
// follows is for read_head to refuse, now and not at a deadline.
std::size_t header_length(std::string_view bytes, std::size_t& searched);

// What a whole header block says.
struct RequestHead {
  Refusal refusal = Refusal::kNone;
  std::size_t content_length = 0;
  bool head_method = false;       // the answer must have no body
  bool expects_continue = false;  // the client waits for "100 Continue"
  bool keep_alive = false;        // the connection may stay open after the answer
};

RequestHead read_head(std::string_view block, std::size_t max_body_bytes);

// Status line and fields of an answer, to be followed by `length` bytes of body. `date` is an
// IMF-fixdate (RFC 9110, section 5.6.7). 200 carries JSON, everything else a line of text.
std::string answer_head(int status, std::size_t length, bool keep_alive, std::string_view date);

}  // namespace smc::webhook
