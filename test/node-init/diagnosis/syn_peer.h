// A TCP peer behind a tun device of the test's network namespace, for syn-check: it reads IPv4
// packets and answers as a kernel, a broken one, or a middlebox before one would. It has its own
// reading of packets, so that a mistake in ours shows.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/fd.h"

namespace smc::test {

struct PeerSyn {
  std::string options;
  std::uint32_t experiment = 0;  // of kind 254; 0 where there is none
  int earlier = 0;  // SYNs to this port before, with the same options but for timestamps
};

struct PeerAnswer {
  enum class Kind { kNone, kReset, kSynAck } kind = Kind::kSynAck;
  std::string options = {};      // a multiple of four bytes
  bool cut = false;              // the header says it is longer than it is
  std::string to_proposal = {};  // what is sent for the first data of the connection
  bool repeats = false;          // ... its own bytes
  bool ends = false;             // ... and the connection is closed
};

using PeerBehaviour = std::function<PeerAnswer(const PeerSyn&)>;

class SynPeer {
 public:
  // Brings up the device `tun0` with 10.9.0.1/24; every other address of it is the peer's.
  SynPeer();
  ~SynPeer();

  void set(std::uint16_t port, PeerBehaviour behaviour);
  int syns(std::uint16_t port) const;
  // Connections that were answered with SYN-ACK and not reset since.
  int open_connections(std::uint16_t port) const;

 private:
  struct Port {
    PeerBehaviour behaviour;
    int syns = 0;
    std::map<std::uint32_t, int> by_experiment;
    std::map<std::uint16_t, PeerAnswer> open;  // by the client's port
  };

  void run();
  void take(const std::string& packet);

  Fd tun_;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::map<std::uint16_t, Port> ports_;
  std::thread thread_;
};

}  // namespace smc::test
