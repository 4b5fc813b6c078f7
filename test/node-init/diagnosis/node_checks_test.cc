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
    sysctl("/proc/sys/net/smc/tcp2smc") = "0\n";
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
}

TEST_F(NodeChecks, MainlinesErdmaIsAnRnicWhichSmcDoesNotTake) {
  system_.rdma[0].is_ib_ca = false;
  system_.rdma[0].node_type = "RNIC";
  system_.devices.clear();
  expect("rdma device", Verdict::kFail, "SMC takes type CA alone");
  EXPECT_THAT(check("rdma device").hint, HasSubstr("erdma driver"));
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

TEST_F(NodeChecks, WithoutTheSwitchTheWayToAskForSmcDependsOnTheKernel) {
  system_.node().sysctls.erase("/proc/sys/net/smc/tcp2smc");
  expect("programs", Verdict::kWarn, "no net.smc.tcp2smc");
  EXPECT_THAT(check("programs").hint, HasSubstr("AF_SMC"));
  sysctl("/proc/sys/kernel/osrelease") = "6.12.95\n";
  EXPECT_THAT(check("programs").hint, HasSubstr("IPPROTO_SMC"));
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
