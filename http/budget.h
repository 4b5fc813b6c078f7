// The bytes that handshakes and requests hold, in the sum over all connections of a server.
// Server's thread only.
#pragma once

#include <cstddef>

namespace smc::http {

struct Budget {
  std::size_t limit = 0;
  std::size_t used = 0;

  bool is_over() const { return used > limit; }
};

// What one connection holds of it.
class HeldBytes {
 public:
  explicit HeldBytes(Budget& budget) : budget_(budget) {}
  HeldBytes(const HeldBytes&) = delete;
  HeldBytes& operator=(const HeldBytes&) = delete;
  ~HeldBytes() { set(0); }

  void set(std::size_t bytes) {
    budget_.used += bytes - held_;
    held_ = bytes;
  }
  std::size_t get() const { return held_; }

 private:
  Budget& budget_;
  std::size_t held_ = 0;
};

}  // namespace smc::http
