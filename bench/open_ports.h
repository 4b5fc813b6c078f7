// The local address and ports of the connections that are open: what the proof looks for in the
// kernel's tables. Safe on any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>

namespace smc::bench {

// Of whatever program makes the load.
class ConnectionPorts {
 public:
  virtual ~ConnectionPorts() = default;
  virtual std::set<std::uint16_t> now() const = 0;
  // Of the connection that was opened last; "" where there was none.
  virtual std::string address() const = 0;
};

// Of this program's own load, which says what it opens and closes.
class OpenPorts : public ConnectionPorts {
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
  std::set<std::uint16_t> now() const override {
    const std::lock_guard lock(mutex_);
    return ports_;
  }
  std::string address() const override {
    const std::lock_guard lock(mutex_);
    return address_;
  }

 private:
  mutable std::mutex mutex_;
  std::string address_;
  std::set<std::uint16_t> ports_;
};

}  // namespace smc::bench
