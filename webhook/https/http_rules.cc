#include "webhook/https/http_rules.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/verb.hpp>

namespace smc::webhook {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::iequals;
using boost::beast::string_view;

// Collects from Beast's parser the few fields that decide, without storing any.
class HeadParser final : public http::basic_parser<true> {
 public:
  string_view method_text;
  string_view target;
  string_view content_type;
  string_view expect;
  http::verb method = http::verb::unknown;
  int hosts = 0;
  bool http11 = false;
  bool content_encoding = false;

 private:
  void on_request_impl(http::verb verb, string_view text, string_view path, int version,
                       error_code&) override {
    method = verb;
    method_text = text;
    target = path;
    http11 = version == 11;
  }
  void on_field_impl(http::field name, string_view, string_view value, error_code&) override {
    if (name == http::field::host) ++hosts;
    if (name == http::field::content_type) content_type = value;
    if (name == http::field::content_encoding) content_encoding = true;
    if (name == http::field::expect) expect = value;
  }
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}
};

struct LineFindings {
  bool folded = false;  // a field continued on the next line (RFC 9112, section 5.2)
  bool transfer_encoding = false;
};

// Beast unfolds silently, and reports Transfer-Encoding beside Content-Length as just another
// error.
LineFindings scan_lines(std::string_view block) {
  static constexpr std::string_view kName = "transfer-encoding";
  LineFindings found;
  for (std::size_t end = block.find('\n'); end != std::string_view::npos; end = block.find('\n')) {
    block.remove_prefix(end + 1);
    found.folded |= !block.empty() && (block[0] == ' ' || block[0] == '\t');
    found.transfer_encoding |=
        block.size() > kName.size() && iequals({block.data(), kName.size()}, kName.data()) &&
        (block[kName.size()] == ':' || block[kName.size()] == ' ' || block[kName.size()] == '\t');
  }
  return found;
}

// The path of an origin-form or absolute-form target (RFC 9112, section 3.2), without the query:
// the API server appends "?timeout=5s".
string_view path_of(string_view target) {
  for (const string_view scheme : {"https://", "http://"}) {
    if (!iequals(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(std::min(target.find('/', scheme.size()), target.size()));
    break;
  }
  return target.substr(0, target.find('?'));
}

bool is_json(string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (!content_type.empty() && content_type.back() == ' ') content_type.remove_suffix(1);
  return iequals(content_type, "application/json");
}

Refusal judge(const HeadParser& parser, std::size_t max_body_bytes) {
  if (parser.hosts > 1 || (parser.http11 && parser.hosts == 0)) return Refusal::kHost;
  if (path_of(parser.target) != "/mutate") return Refusal::kPath;
  if (parser.method != http::verb::post) return Refusal::kMethod;
  if (parser.content_encoding) return Refusal::kContentEncoding;
  if (!is_json(parser.content_type)) return Refusal::kContentType;
  if (!parser.content_length()) return Refusal::kLengthRequired;
  if (!parser.expect.empty() && !iequals(parser.expect, "100-continue"))
    return Refusal::kExpectation;
  if (*parser.content_length() > max_body_bytes) return Refusal::kBodyTooLarge;
  return Refusal::kNone;
}

}  // namespace

std::size_t header_length(std::string_view bytes, std::size_t& searched) {
  for (std::size_t at = bytes.find('\n', searched); at != std::string_view::npos;
       at = bytes.find('\n', at + 1)) {
    const std::string_view next = bytes.substr(at + 1, 2);
    if (next.starts_with('\n')) return at + 2;
    if (next == "\r\n") return at + 3;
  }
  // the last two bytes may be the start of an empty line
  searched = bytes.size() < 2 ? 0 : bytes.size() - 2;
  return 0;
}

RequestHead read_head(std::string_view block, std::size_t max_body_bytes) {
  RequestHead head;
  const LineFindings lines = scan_lines(block);
  if (lines.transfer_encoding) return head.refusal = Refusal::kTransferEncoding, head;
  if (lines.folded) return head.refusal = Refusal::kMalformed, head;

  HeadParser parser;
  parser.eager(false);
  parser.header_limit(static_cast<std::uint32_t>(block.size()));
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());  // judge() applies ours
  error_code ec;
  const std::size_t used = parser.put(boost::asio::buffer(block.data(), block.size()), ec);
  if (ec == http::error::bad_version) return head.refusal = Refusal::kVersion, head;
  if (ec || !parser.is_header_done() || used != block.size())
    return head.refusal = Refusal::kMalformed, head;

  head.refusal = judge(parser, max_body_bytes);
  head.head_method = parser.method == http::verb::head;
  head.expects_continue = parser.http11 && !parser.expect.empty();
  const std::uint64_t length = parser.content_length().value_or(0);
  // A refused body is not read, and what is not read must not be taken for the next request. (A
  // client that forgot its length may send a body all the same.)
  const bool no_body = length == 0 && head.refusal != Refusal::kLengthRequired;
  head.keep_alive =
      parser.http11 && parser.keep_alive() && (head.refusal == Refusal::kNone || no_body);
  if (head.refusal == Refusal::kNone) head.content_length = static_cast<std::size_t>(length);
  return head;
}

std::string answer_head(int status, std::size_t length, bool keep_alive, std::string_view date) {
  const auto reason = http::obsolete_reason(static_cast<http::status>(status));
  std::string head;
  head.reserve(256 + length);  // the body follows
  head.append("HTTP/1.1 ").append(std::to_string(status)).append(" ");
  head.append(reason.data(), reason.size());
  head.append("\r\nDate: ").append(date).append("\r\nContent-Type: ");
  head.append(status == 200 ? "application/json" : "text/plain; charset=utf-8");
  head.append("\r\nContent-Length: ").append(std::to_string(length)).append("\r\n");
  if (status == 405) head.append("Allow: POST\r\n");
  if (status == 503) head.append("Retry-After: 1\r\n");
  if (!keep_alive) head.append("Connection: close\r\n");
  return head.append("\r\n");
}

}  // namespace smc::webhook
