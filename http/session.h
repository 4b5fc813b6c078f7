// One connection's life: TLS handshake, then request after request under the phases' deadlines,
// then a close that does not destroy the last answer. Server's thread only.
#pragma once

#include <cstddef>
#include <ctime>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "http/budget.h"
#include "http/connection.h"
#include "http/limits.h"
#include "http/observer.h"
#include "http/places.h"
#include "http/route.h"

namespace smc::http {

class Session;

// What sessions ask of their server.
class Host {
 public:
  // Its first answer has been sent.
  virtual void proven(Session& session) = 0;
  // Has another session give way that holds bytes of the budget and has not earned them. False:
  // there is none.
  virtual bool make_room(const Session& asking) = 0;
  // It is over; to be removed once its coroutine has returned.
  virtual void ended(Session& session) = 0;

 protected:
  ~Host() = default;
};

// The Date field's value, made once a second.
class HttpDate {
 public:
  std::string_view now();

 private:
  std::time_t second_ = 0;
  std::string text_;
};

// What all sessions of a server share.
struct Serving {
  Limits limits;
  std::vector<Route> routes;
  Observer& observer;
  Host& host;
  SslContextPtr tls{};  // none: in the clear
  bool draining = false;
  Clock::time_point drain_end = Clock::time_point::max();  // no phase goes on past it
  Budget budget{};
  HttpDate date{};
  SpareBuffer spare{};
};

struct Request;
struct Header;
struct RequestHead;
enum class Read;

class Session {
 public:
  Session(Socket socket, Origin origin, Serving& serving);

  // `over_cap`: it is taken in to be told that there are too many.
  void start(bool over_cap);

  Connection& connection() { return c_; }
  const Connection& connection() const { return c_; }
  Origin origin() const { return origin_; }
  bool over_cap() const { return over_cap_; }
  bool proven() const { return proven_; }
  bool gave_way() const { return gave_way_; }
  std::size_t held_bytes() const { return held_.get(); }

  // Ends it in favour of another.
  void give_way();

  // Its place in the server's list.
  std::list<Session>::iterator place{};

 private:
  void begin(Phase phase);
  void cut();
  bool hold(std::size_t bytes);
  Task<> run();
  Task<bool> handshake();
  bool begins_request();
  bool read_first();
  Task<bool> exchange();
  Task<> pause();
  Task<Request> read_request();
  Task<Header> read_header();
  Task<Read> read_body(const RequestHead& head, std::string& body);
  Reply answer(Request& request);
  Reply refuse(Refusal refusal, const Route* route);
  std::string text_of(const Reply& reply, const RequestHead& head, bool keep);

  Connection c_;
  const Origin origin_;
  Serving& s_;
  HeldBytes held_;
  bool over_cap_ = false;
  bool proven_ = false;  // it has had a request answered
  bool gave_way_ = false;
  Task<> running_;  // first to go: it refers to all of the above
};

// While draining an idle connection stays open this long, for a request already on its way.
inline constexpr std::chrono::milliseconds kDrainGrace{500};

}  // namespace smc::http
