#include "node-init/agent/daemon/stop_signal.h"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <system_error>

#include <poll.h>

#include "base/log.h"
#include "base/stop_signals.h"

namespace smc::node {
namespace {

// A round that hangs in the kernel cannot be called back. It may be cut off anywhere: the next
// agent does the rest.
constexpr std::chrono::milliseconds kGrace{900};

bool becomes_readable(int fd, std::chrono::milliseconds timeout) {
  pollfd waited{fd, POLLIN, 0};
  return ::poll(&waited, 1, static_cast<int>(timeout.count())) > 0;
}

}  // namespace

StopSignal::StopSignal() : signals_(open_stop_signals()) {
  if (!signals_.valid()) throw std::system_error(errno, std::generic_category(), "signalfd");
  watchdog_ = std::thread([this] { watch(); });
}

StopSignal::~StopSignal() {
  over_.raise();
  watchdog_.join();
}

void StopSignal::watch() const {
  pollfd waited[] = {{signals_.get(), POLLIN, 0}, {over_.fd(), POLLIN, 0}};
  while (::poll(waited, 2, -1) < 0) continue;
  if (waited[1].revents != 0) return;
  if (becomes_readable(over_.fd(), kGrace)) return;
  log::warn("stopped in the middle of a round", {{"hint", "the kernel did not answer in time"}});
  log::flush();  // _Exit() writes nothing
  std::_Exit(EXIT_SUCCESS);
}

}  // namespace smc::node
