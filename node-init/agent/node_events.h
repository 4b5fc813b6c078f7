// Reports that something changed on the node which may concern SMC: a link, an address, an RDMA
// device. Changes of pnetids and UEIDs make no event in the kernel; the agent's period finds them.
// One thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <string_view>
#include <vector>

#include "node-init/kernel/system.h"

namespace smc::node {

class NodeEvents {
 public:
  explicit NodeEvents(System& system) : system_(system) {}

  // Opens what is not open; what cannot be opened now is tried again at the next call.
  void open();

  // To poll() for reading.
  std::vector<int> descriptors() const;

  // Takes in what has come. True if something of it concerns RDMA or one of the interfaces
  // `ifindexes`, or if events were lost.
  bool drain(const std::set<int>& ifindexes);

 private:
  struct Source {
    int protocol;
    std::uint32_t groups;
    bool (*concerns)(std::string_view datagram, const std::set<int>& ifindexes);
    std::unique_ptr<NetlinkSocket> socket;
  };

  bool drain(Source& source, const std::set<int>& ifindexes);

  System& system_;
  std::array<Source, 3> sources_ = make_sources();
  static std::array<Source, 3> make_sources();
};

// Whether a datagram of rtnetlink is about one of these interfaces. A malformed one counts: better
// one round too many.
bool link_event_concerns(std::string_view datagram, const std::set<int>& ifindexes);

// Whether a message of the kernel's device events (kobject_uevent) is about an RDMA device.
bool is_rdma_uevent(std::string_view datagram);

}  // namespace smc::node
