// One connection's life: TLS handshake, then request after request under the phases' deadlines,
// then a close that does not destroy the last answer. Listener's thread only.
#pragma once

#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>

#include "webhook/config/config.h"
#include "webhook/https/connection.h"
#include "webhook/https/listener.h"
#include "webhook/https/metrics.h"

namespace smc::webhook {

// The Date field's value, made once a second.
class HttpDate {
 public:
  std::string_view now();

 private:
  std::time_t second_ = 0;
  std::string text_;
};

// What all sessions of a listener share.
struct Serving {
  Config::Server limits;
  Listener::Handler handler;
  Metrics& metrics;
  bool draining = false;
  Clock::time_point drain_end = Clock::time_point::max();  // no phase goes on past it
  std::size_t body_bytes = 0;                              // of all requests being read or answered
  HttpDate date{};
  SpareBuffer spare{};
};

Task<> serve_connection(Connection& connection, Serving& serving);

// While draining an idle connection stays open this long, for a request already on its way.
inline constexpr std::chrono::milliseconds kDrainGrace{500};

}  // namespace smc::webhook
