#include "kube/watchdog.h"

#include <algorithm>
#include <array>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

#include "kube/socket_bytes.h"

namespace smc::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// What may be read off the socket without a byte of a body: status line and headers (an API
// server's have less than 4 KiB, Go's clients take 1 MiB at most), the TLS handshake with its
// certificates, or what frames the chunks of a body. cpp-httplib reads these without a limit.
constexpr std::uint64_t kMaxFramingBytes = 128 << 10;

// Between two looks at a socket on which bytes arrive, and between two attempts to shut it.
constexpr milliseconds kPause{20};

// One poll() waits at most this long, so that a far deadline does not overflow its int.
constexpr milliseconds kLongest{60'000};

int poll_time(SteadyTime until) {
  const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
  return static_cast<int>(std::clamp(left, milliseconds::zero(), kLongest).count());
}

}  // namespace

Watchdog::Watchdog(const Stop& stop, const Times& times, bool tls)
    : stop_(stop), times_(times), tls_(tls) {
  view_.deadline = times.connect;
  thread_ = std::thread([this] { run(); });
}

Watchdog::~Watchdog() {
  finish();
}

Watchdog::View Watchdog::view() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

Watchdog::Phase Watchdog::phase() const {
  return view().phase;
}

// With the lock held.
void Watchdog::begin_answer() {
  view_.phase = Phase::kAnswer;
  view_.deadline = steady_clock::now() + times_.answer;
}

void Watchdog::watch(std::shared_ptr<const Fd> socket, bool connected) {
  {
    const std::lock_guard lock(mutex_);
    view_.socket = std::move(socket);
    if (connected) begin_answer();
  }
  changed_.raise();
}

void Watchdog::connected() {
  const std::lock_guard lock(mutex_);
  if (view_.phase != Phase::kConnect) return;
  if (!tls_) return begin_answer();
  view_.phase = Phase::kHandshake;
  view_.deadline = times_.handshake;
}

void Watchdog::handshake_done() {
  {
    const std::lock_guard lock(mutex_);
    if (view_.phase == Phase::kAnswer) return;
    begin_answer();
  }
  changed_.raise();
}

void Watchdog::received(milliseconds silence) {
  const std::lock_guard lock(mutex_);
  ++received_;
  if (view_.phase != Phase::kAnswer) begin_answer();  // it came before the thread looked
  // The thread is not woken for a later deadline: it looks again at the old one.
  if (silence.count() > 0) view_.deadline = steady_clock::now() + silence;
}

Watchdog::Reason Watchdog::finish() {
  {
    const std::lock_guard lock(mutex_);
    view_.finished = true;
  }
  changed_.raise();
  if (thread_.joinable()) thread_.join();
  return reason_;
}

bool Watchdog::too_much_framing(int fd) {
  const std::uint64_t consumed = bytes_read_from(fd);
  const std::lock_guard lock(mutex_);
  if (std::exchange(sampled_, received_) == received_)
    return consumed > consumed_ + kMaxFramingBytes;
  consumed_ = consumed;
  return false;
}

// Shuts the socket until the exchange has noticed: it may be about to open another one.
void Watchdog::end(Reason reason) {
  {
    const std::lock_guard lock(mutex_);
    if (view_.finished) return;
    reason_ = reason;
  }
  for (View now = view(); !now.finished; now = view()) {
    if (now.socket) ::shutdown(now.socket->get(), SHUT_RDWR);
    pollfd waited{changed_.fd(), POLLIN, 0};
    ::poll(&waited, 1, static_cast<int>(kPause.count()));
    changed_.take();
  }
}

void Watchdog::run() {
  SteadyTime quiet_until{};  // until then bytes on the socket wake nobody
  for (;;) {
    const View now = view();
    if (now.finished) return;
    if (now.socket && consumed_ == 0) consumed_ = bytes_read_from(now.socket->get());
    const bool looks = now.socket && steady_clock::now() >= quiet_until;
    const auto events = static_cast<short>(now.phase == Phase::kConnect ? POLLOUT : POLLIN);
    std::array<pollfd, 3> waited{pollfd{stop_.fd(), POLLIN, 0}, pollfd{changed_.fd(), POLLIN, 0},
                                 pollfd{looks ? now.socket->get() : -1, events, 0}};
    const SteadyTime until =
        now.socket && !looks ? std::min(now.deadline, quiet_until) : now.deadline;
    ::poll(waited.data(), waited.size(), poll_time(until));
    changed_.take();
    if (waited[0].revents != 0) return end(Reason::kStopped);
    if (steady_clock::now() >= view().deadline) return end(Reason::kTime);
    if (waited[2].revents == 0) continue;
    quiet_until = steady_clock::now() + kPause;
    if (now.phase != Phase::kConnect) {
      if (too_much_framing(now.socket->get())) return end(Reason::kFraming);
    } else if (waited[2].revents == POLLOUT) {
      connected();  // a socket that is not yet connecting shows POLLHUP too
    }
  }
}

}  // namespace smc::kube
