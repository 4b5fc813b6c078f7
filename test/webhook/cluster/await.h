// Follows a part whose descriptor says when there is something to take, as the daemon's loop does.
// The test's thread only.
#pragma once

#include <chrono>
#include <functional>

#include <poll.h>

namespace smc::webhook {

// Takes what comes until `condition` holds; false after 20 s, many times what a loaded machine
// needs.
template <class Part>
bool await(Part& part, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition() && std::chrono::steady_clock::now() < end) {
    pollfd changed{part.fd(), POLLIN, 0};
    if (::poll(&changed, 1, 5) == 1) part.take();
  }
  return condition();
}

}  // namespace smc::webhook
