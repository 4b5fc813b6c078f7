#include "http/session.h"

#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <utility>

#include "base/log.h"
#include "http/rules.h"

namespace smc::http {
namespace {

using namespace std::chrono_literals;

// How much of a request one read takes before its length is known: one TLS record.
constexpr std::size_t kFirstRead = 16 << 10;

// simdjson reads this far past a body's end (SIMDJSON_PADDING); room for it from the start saves
// moving the body.
constexpr std::size_t kParserPadding = 64;

// The head of an answer is shorter.
constexpr std::size_t kHeadRoom = 320;

// For the peer's FIN after the last answer.
constexpr std::chrono::milliseconds kLinger = 1s;

// What OpenSSL takes for a handshake at most, the client's first message of 16 KiB included.
constexpr std::size_t kHandshakeBytes = 32 << 10;

// Bodies leave this part of the budget to handshakes and headers, which come first and are small.
constexpr std::size_t kHeadersShare = 5;

constexpr std::chrono::milliseconds kPause{20};

// Each phase of a connection over the cap: the few places for them must come free quickly.
constexpr std::chrono::milliseconds kOverCapTimeout = 2s;

class InFlight {
 public:
  explicit InFlight(Observer& observer) : observer_(observer) { observer_.in_flight(1); }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  ~InFlight() { observer_.in_flight(-1); }

 private:
  Observer& observer_;
};

}  // namespace

// What reading has come to.
enum class Read { kWhole, kGone, kTooLarge, kNoMemory };

struct Header {
  Read read;
  std::size_t length;  // where it is whole
};

struct Request {
  bool gone = false;  // the peer went or the deadline passed: nobody waits for an answer
  Refusal refusal = Refusal::kNone;
  RequestHead head;  // of a refused request as far as it was read
  std::string body;
};

Session::Session(Socket socket, Origin origin, Serving& serving)
    : c_(std::move(socket)), origin_(origin), s_(serving), held_(serving.budget) {}

void Session::start(bool over_cap) {
  over_cap_ = over_cap;
  running_ = run();
}

void Session::give_way() {
  gave_way_ = true;
  held_.set(0);
  s_.observer.cut(Cut::kGaveWay);
  c_.shut_down();
}

void Session::begin(Phase phase) {
  std::chrono::milliseconds limit = s_.limits.request_timeout;
  if (phase == Phase::kClosing) limit = kLinger;
  if (phase == Phase::kIdle && s_.limits.idle_timeout != 0s) limit = s_.limits.idle_timeout;
  if (phase == Phase::kIdle && !proven_) limit = std::min(limit, s_.limits.request_timeout);
  if (phase == Phase::kIdle && s_.draining) limit = kDrainGrace;
  if (over_cap_) limit = std::min(limit, kOverCapTimeout);
  c_.enter(phase, std::min(Clock::now() + limit, s_.drain_end));
}

// The connection ends in the middle of something: counts why.
void Session::cut() {
  if (gave_way_) return;
  const Phase phase = c_.phase();
  const bool timeout = c_.is_shut_down();
  Cut reason = Cut::kDisconnect;
  if (timeout && phase == Phase::kHandshake) reason = Cut::kHandshakeTimeout;
  if (timeout && phase == Phase::kHeader) reason = Cut::kHeaderTimeout;
  if (timeout && phase == Phase::kBody) reason = Cut::kBodyTimeout;
  if (timeout && phase == Phase::kAnswer) reason = Cut::kAnswerTimeout;
  if (!timeout && phase == Phase::kHandshake) reason = Cut::kHandshake;
  s_.observer.cut(reason);
  log::debug("connection cut",
             {{"phase", name(phase)}, {"timeout", timeout}, {"error", c_.tls_error()}});
}

// Counts `bytes` in place of what it held. False: the budget does not have them, and nobody gives
// way.
bool Session::hold(std::size_t bytes) {
  held_.set(bytes);
  while (s_.budget.is_over())
    if (!s_.host.make_room(*this)) return false;
  return true;
}

// A connection that has nothing to do waits here, in this one coroutine.
Task<> Session::run() {
  try {
    bool open = true;
    if (s_.tls) open = co_await handshake();
    while (open) {
      begin(Phase::kIdle);
      while (open && !begins_request()) {
        const error_code ec = co_await c_.readable();
        open = !ec && !c_.is_shut_down() && read_first();
      }
      if (open) open = co_await exchange();
    }
    if (!c_.is_shut_down()) {
      begin(Phase::kClosing);
      co_await c_.close();
    }
  } catch (const std::exception& failure) {
    s_.observer.refused(Refusal::kInternal);
    log::error("connection failed", {{"error", failure.what()}});
  }
  s_.host.ended(*this);
}

// A client that says nothing costs no more than its socket. There is no way to tell one why it is
// turned away before the handshake.
Task<bool> Session::handshake() {
  begin(Phase::kHandshake);
  const error_code ec = co_await c_.readable();
  bool done = false;
  if (!ec && !c_.is_shut_down()) {
    if (!hold(kHandshakeBytes)) {
      held_.set(0);
      s_.observer.cut(Cut::kUnserved);
      c_.shut_down();
      co_return false;
    }
    done = co_await c_.handshake(*s_.tls);
  }
  held_.set(0);
  if (!done) cut();
  co_return done;
}

// Whether there is a byte of it; it may be in OpenSSL's hands still, in a record that has not come
// whole. A server should ignore empty lines before a request (RFC 9112,
// section 2.2).
bool Session::begins_request() {
  c_.input.erase(0, std::min(c_.input.find_first_not_of("\r\n"), c_.input.size()));
  if (c_.input.empty()) s_.spare.give_back(c_.input);
  return !c_.input.empty() || c_.has_pending();
}

// Readiness alone proves nothing: an event of bytes that are read already may come late, and a
// record need not hold any of a request (TLS 1.3's key updates).
bool Session::read_first() {
  s_.spare.lend(c_.input);
  return c_.read(c_.input, kFirstRead) != Connection::Step::kFailed;
}

// One request and its answer; whether the connection may have another.
Task<bool> Session::exchange() {
  const InFlight in_flight(s_.observer);
  Request request = co_await read_request();
  if (request.gone) {
    held_.set(0);
    if (c_.is_shut_down() || !c_.input.empty() || c_.phase() != Phase::kHeader) cut();
    co_return false;
  }
  Reply reply = answer(request);
  s_.spare.give_back(request.body);
  while (reply.later) {
    co_await pause();
    if (auto made = reply.later->take()) reply = std::move(*made);
  }

  begin(Phase::kAnswer);
  const bool keep = request.head.keep_alive && !s_.draining && s_.limits.idle_timeout != 0s;
  const std::string text = text_of(reply, request.head, keep);
  const bool sent = co_await c_.send(text);
  held_.set(0);
  if (!sent) cut();
  if (sent && !proven_ && request.refusal == Refusal::kNone) {
    proven_ = true;
    s_.host.proven(*this);
  }
  co_return sent&& keep;
}

// Between two looks at an answer that is being made. It has a limit of its own; until then the
// connection has none.
Task<> Session::pause() {
  c_.enter(Phase::kAnswer, s_.drain_end);
  Timer timer(c_.executor(), kPause);
  co_await completion([&timer](auto done) { timer.async_wait(std::move(done)); });
}

// Up to the first thing that is wrong with it.
Task<Request> Session::read_request() {
  Request request;
  const Header header = co_await read_header();
  Read read = header.read;
  if (read == Read::kWhole)
    request.head = read_head({c_.input.data(), header.length}, s_.routes, s_.limits.max_body_bytes);
  c_.input.erase(0, header.length);
  if (read == Read::kWhole && over_cap_) request.head.refusal = Refusal::kConnectionCap;
  if (read == Read::kWhole && request.head.refusal == Refusal::kNone)
    read = co_await read_body(request.head, request.body);

  request.gone = read == Read::kGone;
  request.refusal = request.head.refusal;
  if (read == Read::kTooLarge) request.refusal = Refusal::kHeaderTooLarge;
  if (read == Read::kNoMemory) request.refusal = Refusal::kMemory;
  // What is not read must not be taken for the next request.
  if (read != Read::kWhole || over_cap_) request.head.keep_alive = false;
  co_return request;
}

Task<Header> Session::read_header() {
  begin(Phase::kHeader);
  const std::size_t most = s_.limits.max_header_bytes;
  for (HeaderSearch found;;) {
    found = search_header(c_.input, found);
    const std::size_t size = found.length != 0 ? found.length : c_.input.size();
    if (size > most) co_return Header{Read::kTooLarge, 0};
    if (found.length != 0) co_return Header{Read::kWhole, found.length};
    if (!hold(size)) co_return Header{Read::kNoMemory, 0};
    const bool more = co_await c_.receive(c_.input, most + 1 - size);
    if (!more) co_return Header{Read::kGone, 0};
  }
}

// Counts what came, not what was announced: a client that announces and trickles takes nothing from
// the others. (Memory of the kernel's that was reserved and never touched is none.)
Task<Read> Session::read_body(const RequestHead& head, std::string& body) {
  const std::size_t most = s_.budget.limit - s_.budget.limit / kHeadersShare;
  held_.set(0);
  while (s_.budget.used + head.content_length > most)
    if (!s_.host.make_room(*this)) co_return Read::kNoMemory;
  if (c_.input.size() == head.content_length) {
    body.swap(c_.input);
    held_.set(body.size());
    co_return Read::kWhole;
  }
  begin(Phase::kBody);
  try {
    body.reserve(head.content_length + kParserPadding);
  } catch (const std::bad_alloc&) {
    co_return Read::kNoMemory;
  }
  const std::size_t here = std::min(head.content_length, c_.input.size());
  body.append(c_.input, 0, here);
  c_.input.erase(0, here);
  if (head.expects_continue && body.size() < head.content_length) {
    const bool sent = co_await c_.send("HTTP/1.1 100 Continue\r\n\r\n");
    if (!sent) co_return Read::kGone;
  }
  for (held_.set(body.size()); body.size() < head.content_length; held_.set(body.size())) {
    while (s_.budget.used > most)
      if (!s_.host.make_room(*this)) co_return Read::kNoMemory;
    const bool more = co_await c_.receive(body, head.content_length - body.size());
    if (!more) co_return Read::kGone;
  }
  co_return Read::kWhole;
}

// The handler's to a request that has come whole, else the refusal's.
Reply Session::answer(Request& request) {
  if (request.refusal != Refusal::kNone) return refuse(request.refusal, request.head.route);
  try {
    const Route& route = *request.head.route;
    if (route.call) return route.call({request.head.query, request.head.token});
    return route.handler(request.body);
  } catch (const std::bad_alloc&) {
    return refuse(Refusal::kMemory, nullptr);
  } catch (const std::exception& failure) {
    log::error("internal error", {{"error", failure.what()}});
    return refuse(Refusal::kInternal, nullptr);
  }
}

Reply Session::refuse(Refusal refusal, const Route* route) {
  s_.observer.refused(refusal);
  const RefusalInfo& why = info(refusal);
  log::debug("request refused", {{"status", why.status}, {"reason", why.reason}});
  std::string sentence(why.sentence);
  if (refusal == Refusal::kContentType) sentence += route->body_type;
  return {why.status, sentence + "\n"};
}

std::string Session::text_of(const Reply& reply, const RequestHead& head, bool keep) {
  AnswerHead answer;
  answer.status = reply.status;
  answer.content_type = "text/plain; charset=utf-8";
  if (reply.status == 200) answer.content_type = head.route->content_type;
  if (reply.content_type != nullptr) answer.content_type = reply.content_type;
  answer.length = reply.body.size();
  if (head.route != nullptr)
    answer.allow = head.route->method == "GET" ? std::string_view("GET, HEAD")
                                               : std::string_view(head.route->method);
  answer.date = s_.date.now();
  answer.keep_alive = keep;
  std::string text;
  text.reserve(kHeadRoom + reply.body.size());
  append_head(text, answer);
  if (!head.head_method) text += reply.body;
  return text;
}

std::string_view HttpDate::now() {
  const std::time_t second = std::time(nullptr);
  if (second != second_) {
    std::tm parts{};
    ::gmtime_r(&second, &parts);
    std::array<char, 64> text{};
    text_.assign(text.data(),
                 std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts));
    second_ = second;
  }
  return text_;
}

}  // namespace smc::http
