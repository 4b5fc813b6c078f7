#include "http/rules.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/verb.hpp>

namespace smc::http {
namespace {

namespace beast = boost::beast::http;
using boost::beast::error_code;
using boost::beast::iequals;
using boost::beast::string_view;

// Collects from Beast's parser the few fields that decide, without storing any.
class HeadParser final : public beast::basic_parser<true> {
 public:
  string_view method_text;
  string_view target;
  string_view content_type;
  string_view expect;
  beast::verb method = beast::verb::unknown;
  string_view token_header;  // what to look for; empty: nothing
  string_view token;
  int hosts = 0;
  int tokens = 0;
  bool http11 = false;
  bool content_encoding = false;

 private:
  void on_request_impl(beast::verb verb, string_view text, string_view path, int version,
                       error_code&) override {
    method = verb;
    method_text = text;
    target = path;
    http11 = version == 11;
  }
  void on_field_impl(beast::field name, string_view text, string_view value, error_code&) override {
    if (!token_header.empty() && iequals(text, token_header)) {
      token = value;
      ++tokens;
    }
    if (name == beast::field::host) ++hosts;
    if (name == beast::field::content_type) content_type = value;
    if (name == beast::field::content_encoding) content_encoding = true;
    if (name == beast::field::expect) expect = value;
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
    const std::string_view name = block.substr(0, kName.size());
    found.transfer_encoding |=
        block.size() > kName.size() &&
        iequals({name.data(), name.size()}, {kName.data(), kName.size()}) &&
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

string_view query_of(string_view target) {
  const auto mark = target.find('?');
  return mark == string_view::npos ? string_view() : target.substr(mark + 1);
}

// The field that authenticates at some of the routes.
string_view token_header_of(std::span<const Route> routes) {
  const auto found = std::find_if(routes.begin(), routes.end(),
                                  [](const Route& each) { return !each.token_header.empty(); });
  return found == routes.end() ? string_view() : string_view(found->token_header);
}

bool is_type(string_view content_type, const std::string& wanted) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (!content_type.empty() && content_type.back() == ' ') content_type.remove_suffix(1);
  return iequals(content_type, wanted);
}

const Route* find_route(std::span<const Route> routes, string_view target) {
  const string_view path = path_of(target);
  const auto found = std::find_if(routes.begin(), routes.end(),
                                  [path](const Route& each) { return path == each.path; });
  return found == routes.end() ? nullptr : &*found;
}

bool takes_method(const Route& route, const HeadParser& parser) {
  return parser.method_text == route.method ||
         (parser.method == beast::verb::head && route.method == "GET");
}

// Of a route that takes a body.
Refusal judge_body(const HeadParser& parser, const Route& route) {
  if (!is_type(parser.content_type, route.body_type)) return Refusal::kContentType;
  return parser.content_length() ? Refusal::kNone : Refusal::kLengthRequired;
}

Refusal judge(const HeadParser& parser, const Route* route, std::size_t max_body_bytes) {
  if (parser.hosts > 1 || (parser.http11 && parser.hosts == 0)) return Refusal::kHost;
  if (route == nullptr) return Refusal::kPath;
  if (!takes_method(*route, parser)) return Refusal::kMethod;
  if (parser.content_encoding) return Refusal::kContentEncoding;
  const bool takes_body = !route->body_type.empty();
  if (takes_body)
    if (const Refusal refusal = judge_body(parser, *route); refusal != Refusal::kNone)
      return refusal;
  if (!parser.expect.empty() && !iequals(parser.expect, "100-continue"))
    return Refusal::kExpectation;
  const std::uint64_t length = parser.content_length().value_or(0);
  return length > (takes_body ? max_body_bytes : 0) ? Refusal::kBodyTooLarge : Refusal::kNone;
}

RequestHead refused(Refusal refusal) {
  RequestHead head;
  head.refusal = refusal;
  return head;
}

}  // namespace

HeaderSearch search_header(std::string_view bytes, HeaderSearch before) {
  for (std::size_t at = bytes.find('\n', before.searched); at != std::string_view::npos;
       at = bytes.find('\n', at + 1)) {
    const std::string_view next = bytes.substr(at + 1, 2);
    if (next.starts_with('\n')) return {at + 2, at};
    if (next == "\r\n") return {at + 3, at};
  }
  // the last two bytes may be the start of an empty line
  return {0, bytes.size() < 2 ? 0 : bytes.size() - 2};
}

RequestHead read_head(std::string_view block, std::span<const Route> routes,
                      std::size_t max_body_bytes) {
  const LineFindings lines = scan_lines(block);
  if (lines.transfer_encoding) return refused(Refusal::kTransferEncoding);
  if (lines.folded) return refused(Refusal::kMalformed);

  HeadParser parser;
  parser.token_header = token_header_of(routes);
  parser.eager(false);
  parser.header_limit(static_cast<std::uint32_t>(block.size()));
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());  // judge() applies ours
  error_code ec;
  const std::size_t used = parser.put(boost::asio::buffer(block.data(), block.size()), ec);
  if (ec == beast::error::bad_version) return refused(Refusal::kVersion);
  if (ec || !parser.is_header_done() || used != block.size()) return refused(Refusal::kMalformed);

  RequestHead head;
  head.route = find_route(routes, parser.target);
  head.refusal = judge(parser, head.route, max_body_bytes);
  if (head.route != nullptr && head.route->call) {
    head.query = std::string(query_of(parser.target));
    if (parser.tokens == 1) head.token = std::string(parser.token);
  }
  head.head_method = parser.method == beast::verb::head;
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

void append_head(std::string& to, const AnswerHead& head) {
  const auto reason = beast::obsolete_reason(static_cast<beast::status>(head.status));
  to.append("HTTP/1.1 ").append(std::to_string(head.status)).append(" ");
  to.append(reason.data(), reason.size());
  to.append("\r\nDate: ").append(head.date).append("\r\nContent-Type: ");
  to.append(head.content_type).append("\r\nContent-Length: ");
  to.append(std::to_string(head.length)).append("\r\n");
  if (head.status == 405) to.append("Allow: ").append(head.allow).append("\r\n");
  if (head.status == 503 || head.status == 429) to.append("Retry-After: 1\r\n");
  if (!head.keep_alive) to.append("Connection: close\r\n");
  to.append("\r\n");
}

}  // namespace smc::http
