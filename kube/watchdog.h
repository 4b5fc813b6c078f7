// Ends an exchange of cpp-httplib's client from outside, because its own time-outs count each wait
// alone and nothing of it can be interrupted: at a stop, at a deadline for the whole, or where
// bytes arrive that never become a body. It does so by shutting the socket, from a thread of its
// own. One Watchdog for one exchange; the functions are for the exchange's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include "base/event_fd.h"
#include "base/fd.h"
#include "kube/stop.h"

namespace smc::kube {

class Watchdog {
 public:
  enum class Phase { kConnect, kHandshake, kAnswer };
  enum class Reason { kNone, kStopped, kTime, kFraming };

  struct Times {
    SteadyTime connect;    // the TCP connection of this address
    SteadyTime handshake;  // TLS, where it is spoken
    std::chrono::milliseconds answer{0};
  };

  // Begins with kConnect.
  Watchdog(const Stop& stop, const Times& times, bool tls);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // The exchange's socket, before it is connected, or `connected` already.
  void watch(std::shared_ptr<const Fd> socket, bool connected);
  void handshake_done();
  // The head or a part of the body has come; above zero: how long the next one may take.
  void received(std::chrono::milliseconds silence);

  // The exchange is over. Why it was ended, if it was.
  Reason finish();
  // Where it was ended, or is.
  Phase phase() const;

 private:
  struct View {
    std::shared_ptr<const Fd> socket;
    Phase phase = Phase::kConnect;
    SteadyTime deadline;
    bool finished = false;
  };

  void run();
  View view() const;
  void connected();
  void begin_answer();
  void end(Reason reason);
  bool too_much_framing(int fd);

  const Stop& stop_;
  const Times times_;
  const bool tls_;
  mutable std::mutex mutex_;
  View view_;
  std::uint64_t received_ = 0;  // how often received() was called
  Reason reason_ = Reason::kNone;

  // Of the thread alone.
  std::uint64_t sampled_ = 0;   // received_ when consumed_ was read
  std::uint64_t consumed_ = 0;  // bytes that had been read off the socket then
  EventFd changed_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace smc::kube
