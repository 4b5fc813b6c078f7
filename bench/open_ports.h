// The local address and ports of the connections that are open: what the load has made and the
// proof looks for in the kernel's tables. Safe on any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>

namespace smc::bench {

class OpenPorts {
 public:
  void opened(const std::string& address, std::uint16_t port) {
    const std::lock_guard lock(mutex_);
    address_ = address;
    ports_.insert(port);
  }
  void closed(std::uint16_t port) {
    const std::lock_guard lock(mutex_);
    ports_.erase(port);
  }
  std::set<std::uint16_t> now() const {
    const std::lock_guard lock(mutex_);
    return ports_;
  }

  // Of the connection that was opened last; "" where there was none.
  std::string address() const {
    const std::lock_guard lock(mutex_);
    return address_;
  }

 private:
  mutable std::mutex mutex_;
  std::string address_;
  std::set<std::uint16_t> ports_;
};

}  // namespace smc::bench
