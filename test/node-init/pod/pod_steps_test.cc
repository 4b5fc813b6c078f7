// `smc-node-init pod`, its steps 1 to 4: what each looks at, and what its failures lead to.
#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node-init/pod/pod.h"
#include "test/node-init/pod/pod_fixture.h"

namespace smc::node {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using PodStepTest = test::PodTest;

// --- step 1

TEST_F(PodStepTest, RefusesTheNodesOwnNamespaceBeforeAnythingElse) {
  system_.enter("node");
  const PodStep last = expect_failure(ExitCode::kNotPossible, "namespace");
  EXPECT_THAT(last.hint, HasSubstr("--allow-host-network"));
  EXPECT_THAT(system_.writes, IsEmpty());
  EXPECT_FALSE(system_.smc_loaded);
}

TEST_F(PodStepTest, WorksInTheNodesOwnNamespaceWhenTold) {
  system_.enter("node");
  options_.allow_host_network = true;
  EXPECT_EQ(run().code, ExitCode::kDone);
}

TEST_F(PodStepTest, WithoutProcItCannotTellTheNamespaceAndRefuses) {
  system_.pod().sysctls.clear();
  expect_failure(ExitCode::kNotPossible, "namespace");
}

// --- step 2

TEST_F(PodStepTest, AKernelWithoutSmcIsNotPossible) {
  system_.smc_available = false;
  const PodStep last = expect_failure(ExitCode::kNotPossible, "smc");
  EXPECT_THAT(last.hint, HasSubstr("5.10.134-17.3"));
}

TEST_F(PodStepTest, From618OnTheHintNamesWhatSmcDependsOn) {
  system_.smc_available = false;
  for (const char* release : {"6.18.15+deb14-amd64", "7.2.13+deb14-amd64"}) {
    system_.pod().sysctls["/proc/sys/kernel/osrelease"] = std::string(release) + "\n";
    const PodStep last = expect_failure(ExitCode::kNotPossible, "smc");
    EXPECT_THAT(last.text, HasSubstr(release));
    EXPECT_THAT(last.hint, HasSubstr("CONFIG_DIBS"));
  }
}

class DryRunWithoutSmc : public PodStepTest {
 protected:
  void SetUp() override {
    PodStepTest::SetUp();
    options_.dry_run = true;
    system_.pod().sysctls["/proc/sys/kernel/osrelease"] = "7.2.13\n";
  }
  std::string planned() {
    for (const PodStep& step : run().steps)
      if (step.number == 2 && step.outcome == StepOutcome::kPlanned) return step.text;
    return "";
  }
  const std::string others_ =
      "kernel/net/smc/smc_diag.ko: kernel/net/smc/smc.ko\nkernel/net/tls/tls.ko:\n";
};

TEST_F(DryRunWithoutSmc, AModuleThatDoesNotExistIsNotPlannedToBeLoaded) {
  // smc_diag alone, which names smc as what it needs, is no smc.
  system_.set_modules(others_, "kernel/net/core/core.ko\n");
  const PodStep last = expect_failure(ExitCode::kNotPossible, "smc");
  EXPECT_THAT(last.hint, HasSubstr("CONFIG_DIBS"));
  EXPECT_FALSE(system_.smc_loaded);
}

TEST_F(DryRunWithoutSmc, OneThatIsInTheIndexIs) {
  system_.set_modules(others_ + "kernel/net/smc/smc.ko.xz: kernel/drivers/dibs/dibs.ko.xz\n", "");
  EXPECT_EQ(planned(), "load the kernel module smc");
  system_.set_modules(others_, "kernel/net/smc/smc.ko\n");
  EXPECT_EQ(planned(), "load the kernel module smc") << "built in";
}

TEST_F(DryRunWithoutSmc, TheIndexMayBeBelowUsrAndBelowTheNodesRoot) {
  system_.set_modules("kernel/net/smc/smc.ko:\n", "", "/usr/lib/modules/");
  EXPECT_EQ(planned(), "load the kernel module smc");
  options_.host_root = "/host";
  EXPECT_THAT(planned(), HasSubstr("not to be seen"));
  system_.set_modules(others_, "", "/host/usr/lib/modules/");
  expect_failure(ExitCode::kNotPossible, "smc");
}

TEST_F(DryRunWithoutSmc, WithoutAnIndexItIsSaidThatNobodyKnows) {
  EXPECT_THAT(planned(), HasSubstr("not to be seen"));
  EXPECT_EQ(run().code, ExitCode::kDone);
}

// --- step 3

TEST_F(PodStepTest, TheFlagComesBeforeTheEnvironment) {
  system_.devices.push_back({"rdma1", {{1, "PNB", true, 3, true}}});
  system_.rdma.push_back({"rdma1", "CA", true, 0, 0, {}});
  options_.environment_pnetid = "PNA";
  EXPECT_EQ(run().pnetid, "PNA");
  options_.pnetid = "pnb";
  EXPECT_EQ(run().pnetid, "PNA") << "set by the first run, leads to a device: adopted";
  system_.pod().pnet_table.clear();
  const PodReport report = run();
  EXPECT_EQ(report.pnetid, "PNB");
  EXPECT_EQ(report.pnetid_reason, "--pnetid");
  EXPECT_EQ(report.device, "rdma1");
}

TEST_F(PodStepTest, SeveralPnetidsAreNamedAndNoneIsGuessed) {
  system_.devices.push_back({"rdma1", {{1, "PNB", true, 3, true}}});
  const PodStep last = expect_failure(ExitCode::kNotPossible, "pnetid");
  EXPECT_THAT(last.text, HasSubstr("PNA, PNB"));
  EXPECT_THAT(system_.writes, IsEmpty());
}

TEST_F(PodStepTest, APnetidThatNoActivePortHasIsNotPossible) {
  options_.pnetid = "PNX";
  EXPECT_THAT(expect_failure(ExitCode::kNotPossible, "pnetid").text, HasSubstr("PNA"));
  options_.pnetid = "PNA";
  system_.devices[0].ports[0].active = false;
  EXPECT_THAT(expect_failure(ExitCode::kNotPossible, "pnetid").text,
              HasSubstr("rdma0 port 1: down"));
}

TEST_F(PodStepTest, ABadPnetidIsRefusedWithoutTouchingAnything) {
  options_.environment_pnetid = "not a pnetid";
  EXPECT_THAT(expect_failure(ExitCode::kNotPossible, "pnetid").text, HasSubstr("SMCR_PNET"));
  EXPECT_THAT(system_.writes, IsEmpty());
}

TEST_F(PodStepTest, AnRnicThatSmcDoesNotTakeIsNamed) {
  system_.devices.clear();
  system_.rdma[0].is_ib_ca = false;
  const PodStep last = expect_failure(ExitCode::kNotPossible, "pnetid");
  EXPECT_THAT(last.text, HasSubstr("rdma0 is of type RNIC"));
}

TEST_F(PodStepTest, ANodeWithoutRdmaSaysSo) {
  system_.devices.clear();
  system_.rdma.clear();
  EXPECT_THAT(expect_failure(ExitCode::kNotPossible, "pnetid").text, HasSubstr("no RDMA device"));
}

TEST_F(PodStepTest, ADeviceOfAnotherNamespaceIsNotPossible) {
  system_.rdma.clear();
  EXPECT_THAT(expect_failure(ExitCode::kNotPossible, "pnetid").hint, HasSubstr("shared"));
}

TEST_F(PodStepTest, RdmaNetlinkThatRefusesIsAWarning) {
  system_.fail("RDMA GET", EPERM);
  const PodReport report = run();
  EXPECT_EQ(report.code, ExitCode::kDone);
  EXPECT_THAT(warnings(report), ElementsAre(HasSubstr("list the RDMA devices")));
}

TEST_F(PodStepTest, LibibverbsIsNotAskedAtAll) {
  system_.directories["/dev/infiniband"] = {"uverbs0"};
  (void)run();
  EXPECT_THAT(system_.requests, testing::Not(testing::Contains("verbs")));
}

// --- step 4

TEST_F(PodStepTest, TakesTheInterfaceWithTheDefaultRouteElseEth0) {
  system_.pod().links.push_back({3, "net1", "02:00:00:00:00:0c", "", true, 0, false});
  system_.pod().addresses.push_back({3, "10.8.0.1", 24});
  system_.pod().default_route = 3;
  EXPECT_EQ(run().interface, "net1");
  system_.pod().default_route.reset();
  EXPECT_EQ(run().interface, "eth0");
  options_.interface = "net1";
  EXPECT_EQ(run().interface, "net1");
}

TEST_F(PodStepTest, AnUnknownInterfaceIsNotPossibleAndTheOthersAreNamed) {
  options_.interface = "eth7";
  EXPECT_THAT(expect_failure(ExitCode::kNotPossible, "interface").text, HasSubstr("lo, eth0"));
  EXPECT_THAT(system_.writes, IsEmpty());
}

TEST_F(PodStepTest, AnInterfaceWithoutIpv4IsNotPossible) {
  system_.pod().addresses.resize(1);
  expect_failure(ExitCode::kNotPossible, "interface");
}

TEST_F(PodStepTest, AnInterfaceThatStandsOnAnotherDeviceIsAWarning) {
  system_.pod().links[1].kind = "ipvlan";
  system_.pod().links[1].lower_index = 5;
  system_.pod().links[1].lower_elsewhere = true;
  EXPECT_THAT(warnings(run()), ElementsAre(HasSubstr("ipvlan")));
}

TEST_F(PodStepTest, AStaleEntryIsCorrected) {
  system_.pod().pnet_table = {{"STALE", "eth0", {}, 0}};
  EXPECT_EQ(run().code, ExitCode::kDone);
  EXPECT_THAT(system_.pod().pnet_table, ElementsAre(PnetEntry{"PNA", "eth0", {}, 0}));
}

TEST_F(PodStepTest, AForeignEntryThatLeadsToADeviceIsAdoptedAndReported) {
  system_.devices.push_back({"rdma1", {{1, "PNB", true, 3, true}}});
  system_.rdma.push_back({"rdma1", "CA", true, 0, 0, {}});
  options_.pnetid = "PNA";
  system_.pod().pnet_table = {{"PNB", "eth0", {}, 0}};
  const PodReport report = run();
  EXPECT_EQ(report.code, ExitCode::kDone);
  EXPECT_EQ(report.pnetid, "PNB");
  EXPECT_THAT(warnings(report), ElementsAre(HasSubstr("from another program")));
  EXPECT_THAT(system_.pod().pnet_table, ElementsAre(PnetEntry{"PNB", "eth0", {}, 0}));
}

TEST_F(PodStepTest, EPERMAtTheEntryIsRefusedWithAHint) {
  system_.fail("SMC_PNETID ADD", EPERM);
  const PodStep last = expect_failure(ExitCode::kRefused, "pnet entry");
  EXPECT_THAT(last.text, HasSubstr("errno 1"));
  EXPECT_THAT(last.hint, HasSubstr("CAP_NET_ADMIN"));
}

}  // namespace
}  // namespace smc::node
