// The checks of a node: which verdict each finding has, and that none lacks its hint.
#include "node-init/diagnosis/node_checks.h"

#include <cerrno>

#include <gmock/gmock.h>

#include "test/node-init/kernel/fake_system.h"

namespace smc::node {
namespace {

using test::FakeSystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class NodeChecks : public testing::Test {
 protected:
  NodeChecks() {
    system_.enter("node");
    system_.smc_loaded = true;
    be_alibaba_cloud_linux_3("5.10.134-17.3.al8.x86_64");
    system_.directories["/etc/cni/net.d"] = {"10-terway.conflist"};
    system_.files["/etc/cni/net.d/10-terway.conflist"] = R"({"plugins":[{"type":"terway"}]})";
    sysctl("/proc/sys/net/ipv4/ip_local_reserved_ports") = "65500-65515\n";
    be_pci("0x1ded", "0x107f");
  }

  void be_pci(const std::string& vendor, const std::string& device) {
    system_.files["/sys/class/infiniband/rdma0/device/vendor"] = vendor + "\n";
    system_.files["/sys/class/infiniband/rdma0/device/device"] = device + "\n";
  }

  void be_alibaba_cloud_linux_3(const std::string& kernel) {
    system_.files["/etc/os-release"] =
        "ID=\"alinux\"\nVERSION_ID=\"3\"\nPRETTY_NAME=\"Alibaba Cloud Linux 3\"\n";
    sysctl("/proc/sys/kernel/osrelease") = kernel + "\n";
  }
  std::string& sysctl(const std::string& path) { return system_.node().sysctls[path]; }

  CheckResult check(const std::string& name) {
    for (const CheckResult& result : run_checks(system_, options_, node_checks()))
      if (result.name == name) return result;
    ADD_FAILURE() << "no check " << name;
    return {};
  }
  void expect(const std::string& name, Verdict verdict, const std::string& finding) {
    const CheckResult result = check(name);
    EXPECT_EQ(result.verdict, verdict) << result.finding;
    EXPECT_THAT(result.finding, HasSubstr(finding));
    EXPECT_EQ(result.hint.empty(), verdict == Verdict::kPass) << result.finding;
  }

  FakeSystem system_;
  CheckOptions options_;
};

TEST_F(NodeChecks, OfAGoodNodePassAndChangeNothing) {
  for (const CheckResult& result : run_checks(system_, options_, node_checks()))
    EXPECT_EQ(result.verdict, Verdict::kPass) << result.name << ": " << result.finding;
  EXPECT_THAT(system_.writes, IsEmpty());
}

TEST_F(NodeChecks, LoadNoModule) {
  system_.smc_loaded = false;
  (void)run_checks(system_, options_, node_checks());
  EXPECT_FALSE(system_.smc_loaded);
}

// --- kernel

TEST_F(NodeChecks, AKernelOfAlibabaCloudLinux3IsComparedAsRpmDoes) {
  for (const char* old : {"5.10.134-17.2.al8.x86_64", "5.10.134-9.1.al8.x86_64",
                          "5.10.84-10.4.al8.x86_64", "4.19.91-27.al7.x86_64"}) {
    be_alibaba_cloud_linux_3(old);
    expect("kernel", Verdict::kFail, "older than 5.10.134-17.3");
  }
  for (const char* good : {"5.10.134-17.3.al8.x86_64", "5.10.134-17.10.al8.x86_64",
                           "5.10.134-18.al8.x86_64", "5.10.200-1.al8.x86_64"}) {
    be_alibaba_cloud_linux_3(good);
    expect("kernel", Verdict::kPass, good);
  }
}

TEST_F(NodeChecks, AnyOtherKernelIsJudgedByItsFeatures) {
  system_.files["/etc/os-release"] = "ID=debian\nPRETTY_NAME=\"Debian 12\"\n";
  sysctl("/proc/sys/kernel/osrelease") = "5.10.1-debian\n";
  expect("kernel", Verdict::kPass, "Debian 12, judged by its features");
}

TEST_F(NodeChecks, AnUnknownDistributionIsAWarning) {
  system_.files.erase("/etc/os-release");
  expect("kernel", Verdict::kWarn, "unknown distribution");
}

TEST_F(NodeChecks, TheNodesFilesAreLookedForBelowItsRoot) {
  system_.files.erase("/etc/os-release");
  system_.directories.erase("/etc/cni/net.d");
  system_.files["/host/usr/lib/os-release"] = "ID=alinux\nVERSION_ID=3.2104\n";
  system_.directories["/host/etc/cni/net.d"] = {"05-terway.conf"};
  system_.files["/host/etc/cni/net.d/05-terway.conf"] = R"({"type": "terway"})";
  options_.host_root = "/host";
  expect("kernel", Verdict::kPass, "alinux");
  expect("cni", Verdict::kPass, "05-terway.conf");
}

// --- CNI plug-in

TEST_F(NodeChecks, AnotherPlugInThanTerwayIsAWarning) {
  system_.directories["/etc/cni/net.d"] = {"10-flannel.conflist"};
  system_.files["/etc/cni/net.d/10-flannel.conflist"] = R"({"plugins":[{"type":"flannel"}]})";
  expect("cni", Verdict::kWarn, "10-flannel.conflist");
}

TEST_F(NodeChecks, TheFirstConfigurationInTheOrderOfNamesCounts) {
  system_.directories["/etc/cni/net.d"] = {"20-terway.conf", "README", "10-bridge.conf"};
  system_.files["/etc/cni/net.d/20-terway.conf"] = R"({"type":"terway"})";
  system_.files["/etc/cni/net.d/10-bridge.conf"] = R"({"type":"bridge"})";
  expect("cni", Verdict::kWarn, "10-bridge.conf");
}

TEST_F(NodeChecks, NoConfigurationOrNoneToSeeIsAWarning) {
  system_.directories["/etc/cni/net.d"] = {"README"};
  expect("cni", Verdict::kWarn, "no configuration");
  system_.directories.erase("/etc/cni/net.d");
  expect("cni", Verdict::kWarn, "cannot tell");
}

// --- devices

TEST_F(NodeChecks, NoDeviceFails) {
  system_.rdma.clear();
  system_.devices.clear();
  expect("rdma device", Verdict::kFail, "none");
  EXPECT_EQ(check("gids").blocked_by, "rdma device");
}

TEST_F(NodeChecks, ADeviceIsJudgedByItsTypeAndNotByItsName) {
  system_.rdma[0].is_ib_ca = false;
  system_.devices.clear();
  expect("rdma device", Verdict::kFail, "rdma0 (eRDMA) of type RNIC");
  EXPECT_THAT(check("rdma device").finding, HasSubstr("SMC takes type CA alone"));
  EXPECT_THAT(check("rdma device").hint, HasSubstr("some 7.x on"));
  be_pci("0x15b3", "0x1017");
  EXPECT_THAT(check("rdma device").hint, Not(HasSubstr("erdma")));
}

TEST_F(NodeChecks, ADeviceWithoutAnActivePortFails) {
  for (RdmaPort& port : system_.rdma[0].ports) port.active = false;
  expect("rdma device", Verdict::kFail, "no active port");
}

TEST_F(NodeChecks, ADeviceThatSmcHasNotTakenInFails) {
  system_.devices.clear();
  expect("rdma device", Verdict::kFail, "SMC has not taken it in");
}

TEST_F(NodeChecks, OneDeviceThatWorksIsEnoughAndTheOthersAreTold) {
  RdmaDevice second = system_.rdma[0];
  second.name = "rdma1";
  second.is_ib_ca = false;
  system_.rdma.push_back(second);
  expect("rdma device", Verdict::kWarn, "rdma1");
}

TEST_F(NodeChecks, ExclusiveRdmaNamespacesFail) {
  system_.rdma_shared = false;
  expect("rdma sharing", Verdict::kFail, "exclusive");
}

// --- parameters

TEST_F(NodeChecks, ANodeWithoutASwitchIsNotReady) {
  system_.node().sysctls.erase(kSwitchPath);
  expect("programs", Verdict::kFail, "no switch");
  EXPECT_THAT(check("programs").hint, HasSubstr("--programs=ask"));
  EXPECT_THAT(check("programs").hint, Not(HasSubstr("IPPROTO_SMC")));
  sysctl("/proc/sys/kernel/osrelease") = "6.12.95\n";
  EXPECT_THAT(check("programs").hint, HasSubstr("IPPROTO_SMC"));
}

TEST_F(NodeChecks, TheAgentsSwitchIsOneWhereTheKernelCanHaveIt) {
  system_.node().sysctls.erase(kSwitchPath);
  system_.offer_bpf_switch();
  expect("programs", Verdict::kPass, "BPF");
  options_.program_switch = SwitchChoice::kNone;
  expect("programs", Verdict::kFail, "--switch=none");
  options_.program_switch = SwitchChoice::kAuto;
  system_.files["/sys/kernel/btf/vmlinux"] = "";
  expect("programs", Verdict::kFail, "update_socket_protocol");
}

TEST_F(NodeChecks, UnlessItsProgramsAskForSmcThemselves) {
  system_.node().sysctls.erase(kSwitchPath);
  options_.programs = Programs::kAsk;
  expect("programs", Verdict::kPass, "ask for SMC themselves");
}

TEST_F(NodeChecks, WhetherThereIsASwitchIsNotKnownBeforeSmcIsLoaded) {
  system_.node().sysctls.erase(kSwitchPath);
  system_.smc_loaded = false;
  EXPECT_EQ(check("programs").blocked_by, "smc");
}

TEST_F(NodeChecks, TheReservedPortsMatterToErdmaAlone) {
  std::string& ports = sysctl("/proc/sys/net/ipv4/ip_local_reserved_ports");
  ports = "8080,65000-65535\n";
  expect("reserved ports", Verdict::kPass, "65500-65515");
  for (const char* lacking : {"\n", "65500-65514\n", "65501-65515\n", "8080\n"}) {
    ports = lacking;
    expect("reserved ports", Verdict::kWarn, "not reserved");
  }
  be_pci("0x15b3", "0x1017");
  expect("reserved ports", Verdict::kPass, "no eRDMA device");
}

TEST_F(NodeChecks, ParametersOfTheHandshakeAreReported) {
  sysctl("/proc/sys/net/smc/experiment_syn_smc") = "1\n";
  sysctl("/proc/sys/net/smc/limit_handshake") = "0\n";
  expect("handshake", Verdict::kPass, "experiment_syn_smc=1, limit_handshake=0");
}

TEST_F(NodeChecks, WhatMayLeaveSmcOutOfAHandshakeIsExplained) {
  sysctl("/proc/sys/net/smc/experiment_vendor_options") = "1\n";
  sysctl("/proc/sys/net/smc/limit_smc_hs") = "1\n";
  expect("handshake", Verdict::kPass, "experiment_vendor_options=1, limit_smc_hs=1");
  EXPECT_THAT(check("handshake").finding, HasSubstr("0x03010000"));
  sysctl("/proc/sys/net/smc/hs_ctrl") = "\n";
  expect("handshake", Verdict::kPass, "limit_smc_hs=1");
  sysctl("/proc/sys/net/smc/hs_ctrl") = "skip_db\n";
  expect("handshake", Verdict::kWarn, "hs_ctrl=skip_db: that BPF program may leave SMC out");
}

// --- addresses

constexpr const char* kMapped = "0000:0000:0000:0000:0000:ffff:0a09:00fe";
constexpr const char* kLinkLocal = "fe80:0000:0000:0000:0016:3eff:fe00:0001";

TEST_F(NodeChecks, ARoceV2AddressMadeOfAnIpv4AddressIsWhatSmcNeeds) {
  expect("gids", Verdict::kPass, "rdma0 port 1: RoCE v2 for 10.9.0.254");
}

TEST_F(NodeChecks, RoceV1AddressesAloneAreVersion1WithinOneSubnet) {
  system_.set_gids("rdma0", 1, {{"IB/RoCE v1", kMapped}});
  expect("gids", Verdict::kWarn, "RoCE v1 alone");
}

TEST_F(NodeChecks, WithoutAnyAddressForSmcNoConnectionCanBe) {
  system_.set_gids("rdma0", 1, {{"RoCE v2", kLinkLocal}});
  expect("gids", Verdict::kFail, "no address that SMC can use");
  EXPECT_THAT(check("gids").hint, HasSubstr("IPv4 address"));
}

TEST_F(NodeChecks, AnAddressOfThePortsInterfaceWithoutAGidIsNamed) {
  system_.rdma[0].ports[0].netdev = "eth0";
  expect("gids", Verdict::kWarn, "none for 10.9.0.11");
  system_.node().addresses = {{1, "127.0.0.1", 8}, {2, "10.9.0.254", 24}};
  expect("gids", Verdict::kPass, "RoCE v2 for 10.9.0.254");
}

TEST_F(NodeChecks, OfTheAddressesOfLoTheKernelMakesOneGidAndSmcTakesIt) {
  system_.set_gids("rdma0", 1, {{"RoCE v2", "0000:0000:0000:0000:0000:ffff:7f00:0001"}});
  system_.rdma[0].ports[0].netdev = "lo";
  system_.rdma[0].ports[0].ifindex = 1;
  system_.node().addresses = {{1, "127.0.0.1", 8}, {1, "10.9.1.254", 16}};
  expect("gids", Verdict::kPass, "RoCE v2 for 127.0.0.1");
}

TEST_F(NodeChecks, AddressesOfPortsThatSmcDoesNotUseAreNotAskedFor) {
  system_.rdma[0].ports[0].active = false;
  EXPECT_EQ(check("gids").blocked_by, "rdma device");
  EXPECT_EQ(check("queue pairs").blocked_by, "rdma device");
}

// --- room for queue pairs

class QueuePairs : public NodeChecks {
 protected:
  QueuePairs() {
    system_.directories["/dev/infiniband"] = {"uverbs0"};
    options_.expected_pods = 100;
  }
  void expect_room(int room, std::uint64_t in_use, Verdict verdict, const std::string& finding) {
    system_.verbs = {{"rdma0", room, {}}};
    system_.queue_pairs["rdma0"] = in_use;
    expect("queue pairs", verdict, finding);
  }
};

TEST_F(QueuePairs, ThatThePodsLinkGroupsNeedMustBeThere) {
  expect_room(131'071, 12, Verdict::kPass, "12 of 131071 in use; 100 pods need 400 at the least");
  expect_room(400, 12, Verdict::kPass, "12 of 400");
  expect_room(399, 12, Verdict::kWarn, "12 of 399");
}

TEST_F(QueuePairs, OfADeviceThatIsNearlyFullAreAWarningAndOfAFullOneAFailure) {
  expect_room(1000, 899, Verdict::kPass, "899 of 1000");
  expect_room(1000, 900, Verdict::kWarn, "900 of 1000");
  expect_room(1000, 1000, Verdict::kFail, "1000 of 1000");
}

TEST_F(QueuePairs, AreNotJudgedWhereTheDevicesFileIsNotToBeSeen) {
  system_.directories.erase("/dev/infiniband");
  system_.queue_pairs["rdma0"] = 7;
  expect("queue pairs", Verdict::kPass, "rdma0: 7 in use");
  EXPECT_THAT(system_.requests, Not(testing::Contains("verbs")));
}

TEST_F(QueuePairs, OfADeviceThatCannotBeOpenedAreAFindingWithWhatToDo) {
  const struct {
    int code;
    const char* hint;
  } problems[] = {{EPERM, "privileged"}, {ENOENT, "ib_uverbs"}, {EIO, "kernel's log"}};
  for (const auto& problem : problems) {
    system_.verbs = {{"rdma0", 0, Error{"open rdma0 with libibverbs", problem.code, {}}}};
    expect("queue pairs", Verdict::kWarn, "open rdma0 with libibverbs");
    EXPECT_THAT(check("queue pairs").hint, HasSubstr(problem.hint));
  }
}

TEST_F(QueuePairs, OfADeviceWithoutADriverOfLibibverbsAreNotKnown) {
  system_.verbs.clear();
  expect("queue pairs", Verdict::kWarn, "libibverbs does not know it");
}

TEST_F(QueuePairs, OfTwoDevicesTheWorseVerdictCountsAndBothAreTold) {
  RdmaDevice second = system_.rdma[0];
  second.name = "rdma1";
  system_.rdma.push_back(second);
  system_.verbs = {{"rdma0", 100'000, {}}, {"rdma1", 8, {}}};
  expect("queue pairs", Verdict::kWarn, "rdma0: 0 of 100000");
  EXPECT_THAT(check("queue pairs").finding, HasSubstr("rdma1: 0 of 8"));
}

TEST_F(QueuePairs, KernelsThatDoNotCountThemHaveNoneInUse) {
  system_.fail("RDMA RES_GET", EINVAL, 100);
  expect_room(1000, 12, Verdict::kPass, "0 of 1000");
}

// --- the kernel's fixes

TEST_F(NodeChecks, AMainlineKernelWithoutTheFixesOfSmcIsAWarning) {
  const struct {
    const char* release;
    const char* finding;
  } kernels[] = {{"6.12.77", "CVE-2026-23450"},  {"6.12.77", "fixed in 6.12.78"},
                 {"6.12.77", "CVE-2026-46027"},  {"6.12.85", "fixed in 6.12.86"},
                 {"6.17.5", "fixed in 6.18.27"}, {"7.0.3", "fixed in 7.0.4"}};
  for (const auto& kernel : kernels) {
    sysctl("/proc/sys/kernel/osrelease") = std::string(kernel.release) + "\n";
    expect("kernel fixes", Verdict::kWarn, kernel.finding);
  }
  EXPECT_THAT(check("kernel fixes").hint, HasSubstr("7.0.4 or a later release"));
  for (const char* release : {"6.12.86", "7.0.4", "7.1", "7.2.13"}) {
    sysctl("/proc/sys/kernel/osrelease") = std::string(release) + "\n";
    expect("kernel fixes", Verdict::kPass, release);
  }
}

TEST_F(NodeChecks, ADistributionsKernelIsNotJudgedByItsNumber) {
  for (const char* release : {"5.10.134-17.3.al8.x86_64", "6.1.0-18-amd64", "6.8.0-45-generic",
                              "6.12.70+deb13-amd64", "6.12.70-rc1", "6.12.70+", "nonsense"}) {
    sysctl("/proc/sys/kernel/osrelease") = std::string(release) + "\n";
    expect("kernel fixes", Verdict::kPass, "not judged");
  }
}

// --- failures

TEST_F(NodeChecks, WhateverRequestFailsNoneLacksItsHint) {
  (void)run_checks(system_, options_, node_checks());
  const auto requests = system_.requests;
  for (const std::string& request : requests) {
    system_.fail(request, EPERM);
    for (const CheckResult& result : run_checks(system_, options_, node_checks()))
      EXPECT_EQ(result.hint.empty(), result.verdict == Verdict::kPass)
          << request << ": " << result.name << ": " << result.finding;
  }
}

}  // namespace
}  // namespace smc::node
