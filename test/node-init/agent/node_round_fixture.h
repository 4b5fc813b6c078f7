// Rounds on a played node with one RDMA device and an empty record. For the test's thread alone.
#pragma once

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node-init/agent/node_round.h"
#include "test/node-init/kernel/fake_system.h"
#include "test/support/temporary_directory.h"

namespace smc::node {

class NodeRound : public testing::Test {
 protected:
  NodeRound() {
    system_.enter("node");
    system_.ueids.clear();
    system_.devices[0].ports[0].pnetid.clear();
    system_.devices[0].ports[0].pnetid_by_user = false;
    system_.node().sysctls["/proc/sys/kernel/osrelease"] = "6.12.95+deb12-amd64\n";
    system_.files["/etc/os-release"] = "ID=debian\nPRETTY_NAME=\"Debian 12\"\n";
    options_.setup.pnetid = "NODENET";
    options_.setup.ueid = "SMC-TEST";
  }

  NodeReport round() { return run_node_round(system_, file_, options_); }

  // The round's check of that name.
  static CheckResult check(const NodeReport& report, const std::string& name) {
    for (const CheckResult& result : report.checks)
      if (result.name == name) return result;
    return {};
  }

  // What is set up, whoever did it.
  void expect_set_up() const {
    EXPECT_EQ(system_.devices[0].ports[0].pnetid, "NODENET");
    EXPECT_THAT(system_.ueids, testing::ElementsAre("SMC-TEST"));
  }

  test::FakeSystem system_;
  smc::test::TemporaryDirectory directory_;
  OwnRecordFile file_{directory_.path(), "boot-1"};
  RoundOptions options_;
};

}  // namespace smc::node
