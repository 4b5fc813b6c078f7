#include "webhook/https/session.h"

#include <algorithm>
#include <array>
#include <exception>
#include <new>

#include "base/log.h"
#include "webhook/https/http_rules.h"

namespace smc::webhook {
namespace {

using namespace std::chrono_literals;

// The design's limit; four times what kube-apiserver could send with its largest token.
constexpr std::size_t kMaxHeaderBytes = 64 << 10;

// Bodies of all connections together: nine of the largest, or 100 KiB for each of the 600
// connections that three API servers open at most.
constexpr std::size_t kMaxBodyBytesInFlight = 64 << 20;

// simdjson reads this far past a body's end (SIMDJSON_PADDING); room for it from the start saves
// moving the body.
constexpr std::size_t kParserPadding = 64;

// For the peer's FIN after the last answer.
constexpr std::chrono::milliseconds kLinger = 1s;

// Each phase of a connection over the cap: the few places for them must come free quickly.
constexpr std::chrono::milliseconds kOverCapTimeout = 2s;

// The bytes of one body, in the sum over all.
class HeldBytes {
 public:
  explicit HeldBytes(std::size_t& sum) : sum_(sum) {}
  HeldBytes(const HeldBytes&) = delete;
  HeldBytes& operator=(const HeldBytes&) = delete;
  ~HeldBytes() { sum_ -= held_; }
  void set(std::size_t bytes) {
    sum_ += bytes - held_;
    held_ = bytes;
  }

 private:
  std::size_t& sum_;
  std::size_t held_ = 0;
};

class InFlight {
 public:
  explicit InFlight(Metrics& metrics) : metrics_(metrics) { metrics_.in_flight(1); }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  ~InFlight() { metrics_.in_flight(-1); }

 private:
  Metrics& metrics_;
};

class Session {
 public:
  Session(Connection& connection, Serving& serving) : c_(connection), s_(serving) {}
  Task<> run();

 private:
  enum class Read { kDone, kMore, kGone, kTooLarge, kNoMemory };

  void begin(Phase phase);
  Task<bool> exchange();
  Read find_header(std::size_t& length, std::size_t& searched) const;
  Task<Read> read_header(std::size_t& length, std::size_t searched);
  Task<Read> read_body(const RequestHead& head, std::string& body, HeldBytes& held);
  Refusal judge_header(Read read, std::size_t length, RequestHead& head);
  Reply ask(std::string& body, Refusal& refusal);
  std::string write_answer(Reply reply, Refusal refusal, const RequestHead& head, bool keep);
  bool cut();

  Connection& c_;
  Serving& s_;
};

void Session::begin(Phase phase) {
  std::chrono::milliseconds limit = s_.limits.request_timeout;
  if (phase == Phase::kClosing) limit = kLinger;
  if (phase == Phase::kIdle) limit = s_.draining ? kDrainGrace : s_.limits.idle_timeout;
  if (c_.over_cap) limit = std::min(limit, kOverCapTimeout);
  c_.enter(phase, std::min(Clock::now() + limit, s_.drain_end));
}

// The connection ends in the middle of something: counts why. Always false.
bool Session::cut() {
  const Phase phase = c_.phase();
  Cut reason = Cut::kDisconnect;
  if (c_.expired() && phase == Phase::kHandshake) reason = Cut::kHandshakeTimeout;
  if (c_.expired() && phase == Phase::kHeader) reason = Cut::kHeaderTimeout;
  if (c_.expired() && phase == Phase::kBody) reason = Cut::kBodyTimeout;
  if (c_.expired() && phase == Phase::kAnswer) reason = Cut::kAnswerTimeout;
  if (!c_.expired() && phase == Phase::kHandshake) reason = Cut::kHandshake;
  s_.metrics.cut(reason);
  log::debug("connection cut",
             {{"phase", name(phase)}, {"timeout", c_.expired()}, {"error", c_.tls_error()}});
  return false;
}

Task<> Session::run() {
  begin(Phase::kHandshake);
  // not "if (co_await …) while (co_await …)": g++ 12 compiles that wrong
  bool open = co_await c_.handshake();
  if (!open) cut();
  while (open) open = co_await exchange();
  if (c_.expired()) co_return;
  begin(Phase::kClosing);
  co_await c_.close();
}

// One request and its answer; whether the connection may have another. A request that is there
// whole and an answer that fits into the socket take no further coroutine.
Task<bool> Session::exchange() {
  // a server should ignore empty lines before a request (RFC 9112, section 2.2)
  c_.input.erase(0, std::min(c_.input.find_first_not_of("\r\n"), c_.input.size()));
  if (c_.input.empty()) s_.spare.give_back(c_.input);
  begin(Phase::kIdle);
  if (!co_await c_.wait_for_request(s_.spare)) co_return false;

  const InFlight in_flight(s_.metrics);
  begin(Phase::kHeader);
  std::size_t header = 0;
  std::size_t searched = 0;
  Read got = find_header(header, searched);
  if (got == Read::kMore) got = co_await read_header(header, searched);
  if (got == Read::kGone) co_return c_.input.empty() && !c_.expired() ? false : cut();
  RequestHead head;
  Refusal refusal = judge_header(got, header, head);
  c_.input.erase(0, header);

  HeldBytes held(s_.body_bytes);
  std::string body;
  if (refusal == Refusal::kNone && c_.input.size() == head.content_length) {
    body.swap(c_.input);
    held.set(body.size());
  } else if (refusal == Refusal::kNone) {
    begin(Phase::kBody);
    got = co_await read_body(head, body, held);
    if (got == Read::kGone) co_return cut();
    if (got == Read::kNoMemory) refusal = Refusal::kMemory, head.keep_alive = false;
  }
  Reply reply;
  if (refusal == Refusal::kNone) reply = ask(body, refusal);
  s_.spare.give_back(body);

  const bool keep = head.keep_alive && !s_.draining;
  begin(Phase::kAnswer);
  const std::string text = write_answer(std::move(reply), refusal, head, keep);
  std::optional<bool> sent = c_.try_send(text);
  if (!sent) sent = co_await c_.send(text);
  co_return *sent ? keep : cut();
}

// kMore: not all of it is there.
Session::Read Session::find_header(std::size_t& length, std::size_t& searched) const {
  length = header_length(c_.input, searched);
  const std::size_t size = length != 0 ? length : c_.input.size();
  if (size > kMaxHeaderBytes) return Read::kTooLarge;
  return length != 0 ? Read::kDone : Read::kMore;
}

Task<Session::Read> Session::read_header(std::size_t& length, std::size_t searched) {
  for (;;) {
    if (!co_await c_.receive(c_.input, kMaxHeaderBytes + 1 - c_.input.size()))
      co_return Read::kGone;
    const Read found = find_header(length, searched);
    if (found != Read::kMore) co_return found;
  }
}

Refusal Session::judge_header(Read read, std::size_t length, RequestHead& head) {
  if (read == Read::kTooLarge) return Refusal::kHeaderTooLarge;
  head = read_head({c_.input.data(), length}, s_.limits.max_body_bytes);
  if (c_.over_cap) return head.keep_alive = false, Refusal::kConnectionCap;
  if (head.refusal != Refusal::kNone) return head.refusal;
  if (s_.body_bytes + head.content_length > kMaxBodyBytesInFlight)
    return head.keep_alive = false, Refusal::kMemory;
  return Refusal::kNone;
}

// Counts what came, not what was announced: a client that announces and trickles takes nothing from
// the others. (Memory of the kernel's that was reserved and never touched is none.)
Task<Session::Read> Session::read_body(const RequestHead& head, std::string& body,
                                       HeldBytes& held) {
  try {
    body.reserve(head.content_length + kParserPadding);
  } catch (const std::bad_alloc&) {
    co_return Read::kNoMemory;
  }
  const std::size_t here = std::min(head.content_length, c_.input.size());
  body.append(c_.input, 0, here);
  c_.input.erase(0, here);
  if (head.expects_continue && body.size() < head.content_length)
    if (!co_await c_.send("HTTP/1.1 100 Continue\r\n\r\n")) co_return Read::kGone;
  for (held.set(body.size()); body.size() < head.content_length; held.set(body.size())) {
    if (s_.body_bytes > kMaxBodyBytesInFlight) co_return Read::kNoMemory;
    if (!co_await c_.receive(body, head.content_length - body.size())) co_return Read::kGone;
  }
  co_return Read::kDone;
}

Reply Session::ask(std::string& body, Refusal& refusal) {
  try {
    Reply reply = s_.handler(body);
    if (reply.status == 503)
      refusal = Refusal::kMemory;
    else if (reply.status != 200)
      refusal = Refusal::kReview;
    return reply;
  } catch (const std::bad_alloc&) {
    refusal = Refusal::kMemory;
  } catch (const std::exception& failure) {
    refusal = Refusal::kInternal;
    log::error("internal error", {{"error", failure.what()}});
  }
  return {};
}

std::string Session::write_answer(Reply reply, Refusal refusal, const RequestHead& head,
                                  bool keep) {
  s_.metrics.refused(refusal);
  const int status = info(refusal).status;
  if (refusal != Refusal::kNone && reply.body.empty())
    reply.body.append(info(refusal).sentence).append("\n");
  if (refusal != Refusal::kNone)
    log::debug("request refused", {{"status", status}, {"reason", info(refusal).reason}});
  if (head.head_method) reply.body.clear();
  return answer_head(status, reply.body.size(), keep, s_.date.now()).append(reply.body);
}

}  // namespace

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

Task<> serve_connection(Connection& connection, Serving& serving) {
  Session session(connection, serving);
  co_await session.run();
}

}  // namespace smc::webhook
