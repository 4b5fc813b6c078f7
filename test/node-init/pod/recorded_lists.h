// The agent's lists of excluded destinations without BPF: what is put in force stands among the
// fake system's writes, and the namespace says so. For tests.
#pragma once

#include <cerrno>
#include <set>
#include <string>
#include <utility>

#include "node-init/kernel/destination_control.h"
#include "test/node-init/kernel/fake_system.h"

namespace smc::node::test {

class RecordedLists final : public DestinationLists {
 public:
  explicit RecordedLists(FakeSystem& system) : system_(system) {}

  Result<void> put(const Destinations& list) override {
    if (refuses) return Error{"load the handshake control", EPERM, "give the agent CAP_BPF"};
    system_.writes.push_back("exclude " + text_of(list));
    any = true;
    return system_.write_file(kControlPath, "smc_asm_dest_1");
  }

  ListUse use() override { return {any ? 1U : 0U, 10}; }
  Result<void> keep(const std::set<std::uint64_t>& inodes) override {
    kept = inodes;
    return {};
  }
  Result<bool> remove() override {
    system_.writes.emplace_back("remove the control");
    return std::exchange(any, false);
  }

  bool refuses = false;
  bool any = false;
  std::set<std::uint64_t> kept;

 private:
  FakeSystem& system_;
};

}  // namespace smc::node::test
