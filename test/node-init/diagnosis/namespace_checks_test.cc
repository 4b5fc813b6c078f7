// The checks of a pod's network namespace: which verdict each finding has, and that none lacks its
// hint.
#include <cerrno>

#include <gmock/gmock.h>

#include "node-init/diagnosis/checks.h"
#include "test/node-init/kernel/fake_system.h"

namespace smc::node {
namespace {

using test::FakeSystem;
using testing::HasSubstr;

class NamespaceChecks : public testing::Test {
 protected:
  void SetUp() override {
    system_.smc_loaded = true;
    system_.pod().sysctls["/proc/sys/net/smc/tcp2smc"] = "1\n";
    system_.pod().pnet_table = {{"PNA", "eth0", {}, 0}};
    system_.files["/proc/self/uid_map"] = "         0          0 4294967295\n";
    system_.files["/proc/self/status"] = "Name:\tx\nCapEff:\t000001ffffffffff\n";
  }
  CheckResult result_of(const std::string& name) {
    for (CheckResult& result : run_checks(system_, options_, namespace_checks()))
      if (result.name == name) return result;
    ADD_FAILURE() << "no check " << name;
    return {};
  }
  void expect(const std::string& name, Verdict verdict, const std::string& finding) {
    const CheckResult result = result_of(name);
    EXPECT_EQ(verdict_name(result.verdict), verdict_name(verdict)) << result.finding;
    EXPECT_THAT(result.finding, HasSubstr(finding));
    EXPECT_EQ(result.hint.empty(), verdict == Verdict::kPass) << result.hint;
  }

  FakeSystem system_;
  CheckOptions options_;
};

TEST_F(NamespaceChecks, WhereAllIsSetUpEveryOnePasses) {
  const auto results = run_checks(system_, options_, namespace_checks());
  EXPECT_EQ(overall(results), Verdict::kPass) << checks_table(results);
}

TEST_F(NamespaceChecks, ChangeNothingAndLoadNothing) {
  system_.smc_loaded = false;
  (void)run_checks(system_, options_, namespace_checks());
  EXPECT_FALSE(system_.smc_loaded);
  EXPECT_THAT(system_.writes, testing::IsEmpty());
}

TEST_F(NamespaceChecks, WithoutSmcOneCheckFailsAndThoseThatNeedItAreNotKnown) {
  system_.smc_loaded = false;
  expect("smc", Verdict::kFail, "not loaded");
  for (const char* name : {"pnetid", "ueid", "switch", "fallbacks", "socket list"}) {
    expect(name, Verdict::kWarn, "not known");
    EXPECT_EQ(result_of(name).blocked_by, "smc");
  }
  expect("interface", Verdict::kPass, "10.9.0.11");
}

TEST_F(NamespaceChecks, AMissingOrStalePnetidFails) {
  system_.pod().pnet_table.clear();
  expect("pnetid", Verdict::kFail, "eth0 has no pnetid");
  system_.pod().pnet_table = {{"OLD", "eth0", {}, 0}};
  expect("pnetid", Verdict::kFail, "no active RDMA port");
}

TEST_F(NamespaceChecks, ADeviceThatIsDownOrNamelessOrAnRnicFails) {
  system_.devices[0].ports[0].active = false;
  expect("device pnetid", Verdict::kFail, "rdma0 port 1: down");
  system_.devices[0].ports[0] = {1, "", false, 2, true};
  expect("device pnetid", Verdict::kFail, "no pnetid");
  system_.rdma[0].is_ib_ca = false;
  expect("rdma device", Verdict::kFail, "RNIC");
  system_.rdma.clear();
  expect("rdma device", Verdict::kFail, "no RDMA device");
}

TEST_F(NamespaceChecks, NoUeidFailsUnlessThePortCanDoVersion1) {
  system_.ueids.clear();
  expect("ueid", Verdict::kFail, "none");
  system_.set_gids("rdma0", 1, {{"IB/RoCE v1", "fe80:0000:0000:0000:0016:3eff:fe00:0001"}});
  expect("ueid", Verdict::kWarn, "version 1");
}

TEST_F(NamespaceChecks, ASwitchThatIsOffOrMissingFails) {
  system_.pod().sysctls[kSwitchPath] = "0\n";
  expect("switch", Verdict::kFail, "is 0");
  system_.pod().sysctls.erase(kSwitchPath);
  expect("switch", Verdict::kFail, "no switch");
}

TEST_F(NamespaceChecks, TheAgentsSwitchIsLookedForInASocket) {
  system_.pod().sysctls.erase(kSwitchPath);
  system_.offer_bpf_switch();
  expect("switch", Verdict::kFail, "BPF switch is not on here");
  system_.switched_by_bpf = [](std::uint64_t) { return true; };
  expect("switch", Verdict::kPass, "BPF switch is on");
  options_.program_switch = SwitchChoice::kTcp2smc;
  expect("switch", Verdict::kFail, "no switch");
}

TEST_F(NamespaceChecks, ProgramsThatAskNeedNoSwitch) {
  options_.programs = Programs::kAsk;
  system_.pod().sysctls.erase(kSwitchPath);
  expect("switch", Verdict::kPass, "ask for SMC themselves");
}

TEST_F(NamespaceChecks, WhetherThisKernelHasSmcAtAllIsReadFromTheIndexOfModules) {
  system_.smc_loaded = false;
  expect("smc", Verdict::kFail, "or this kernel has none");
  system_.set_modules("kernel/net/smc/smc.ko.xz:\n", "");
  expect("smc", Verdict::kFail, "but this kernel has it");
  system_.set_modules("kernel/net/tls/tls.ko.xz:\n", "");
  expect("smc", Verdict::kFail, "has no SMC");
  EXPECT_THAT(result_of("smc").hint, testing::Not(HasSubstr("load it")));
}

TEST_F(NamespaceChecks, OneMissingDeviceIsToldOnce) {
  system_.rdma.clear();
  system_.devices.clear();
  for (const char* name : {"gids", "queue pairs", "device pnetid"})
    EXPECT_EQ(result_of(name).blocked_by, "rdma device") << name;
}

TEST_F(NamespaceChecks, TheNodesNamespaceAndMissingPrivilegeWarn) {
  system_.files["/proc/self/status"] = "CapEff:\t0000000000000000\n";
  expect("privilege", Verdict::kWarn, "CAP_NET_ADMIN");
  system_.files["/proc/self/uid_map"] = "0 100000 65536\n";
  expect("privilege", Verdict::kWarn, "user namespace");
  system_.enter("node");
  expect("namespace", Verdict::kWarn, "node's own");
}

TEST_F(NamespaceChecks, FallbacksNameTheReasonThatTellsMost) {
  system_.pod().fallbacks = {
      9, 9, {{Side::kServer, 0x05000000, 9}, {Side::kClient, 0x03010000, 2}}};
  expect("fallbacks", Verdict::kWarn, "18 connections fell back to TCP, most for 0x03010000");
}

TEST_F(NamespaceChecks, WhateverRequestFailsNoCheckLacksItsHint) {
  FakeSystem undisturbed = system_;
  (void)run_checks(undisturbed, {}, namespace_checks());
  const FakeSystem fresh = system_;
  for (const std::string& request : undisturbed.requests) {
    system_ = fresh;
    system_.fail(request, EIO, 100);
    for (const CheckResult& result : run_checks(system_, options_, namespace_checks()))
      EXPECT_EQ(result.hint.empty(), result.verdict == Verdict::kPass)
          << request << ": " << result.name;
  }
}

TEST_F(NamespaceChecks, FallbacksThatThisEndMayHaveCausedSaySo) {
  system_.pod().fallbacks = {3, 0, {{Side::kClient, 0x03010000, 3}}};
  EXPECT_THAT(result_of("fallbacks").hint, testing::Not(HasSubstr("it was this end")));
  system_.pod().sysctls["/proc/sys/net/smc/limit_smc_hs"] = "1\n";
  EXPECT_THAT(result_of("fallbacks").hint, HasSubstr("it was this end: limit_smc_hs=1"));
}

}  // namespace
}  // namespace smc::node
