// What a round writes, in which order, and what becomes of it where a step fails.
#include "node-init/agent/node_round.h"

#include <cerrno>
#include <fstream>

#include <gmock/gmock.h>

#include "base/file.h"
#include "test/node-init/agent/node_round_fixture.h"
#include "test/node-init/bpf/fake_bpf.h"

namespace smc::node {
namespace {

using test::FakeSystem;
using test::Killed;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Programs' sockets stay TCP there, whatever else is set up: no pod shall be sent to such a node.
TEST_F(NodeRound, AKernelWithoutASwitchIsNotReadyUnlessProgramsAsk) {
  system_.node().sysctls.erase("/proc/sys/net/smc/tcp2smc");
  EXPECT_FALSE(round().ready());
  EXPECT_EQ(check(round(), "programs").verdict, Verdict::kFail);
  options_.programs = Programs::kAsk;
  EXPECT_TRUE(round().ready());
}

// --- where the agent has its BPF switch: node_switch_test.cc has the rest

class RoundWithBpf : public NodeRound {
 protected:
  RoundWithBpf() {
    system_.node().sysctls.erase("/proc/sys/net/smc/tcp2smc");
    system_.offer_bpf_switch();
    options_.bpf = &switch_;
  }

  test::FakeBpf bpf_;
  BpfSwitch switch_{bpf_};
};

TEST_F(RoundWithBpf, PutsItInPlaceAndIsReady) {
  const NodeReport report = round();
  EXPECT_TRUE(report.ready());
  EXPECT_TRUE(switch_.in_force());
  EXPECT_THAT(report_text(report, false), HasSubstr("set the BPF switch"));
}

TEST_F(RoundWithBpf, WithoutItIsNotReady) {
  bpf_.mounted = false;
  EXPECT_EQ(check(round(), "bpf switch").verdict, Verdict::kFail);
}

TEST_F(RoundWithBpf, ADryRunSaysIt) {
  options_.dry_run = true;
  system_.smc_loaded = true;
  EXPECT_THAT(report_text(round(), true), HasSubstr("would set the BPF switch"));
  EXPECT_THAT(bpf_.writes, IsEmpty());
}

TEST_F(RoundWithBpf, AfterUninstallItStaysAway) {
  (void)round();
  OwnRecord record = *file_.load();
  record.uninstalled = true;
  ASSERT_TRUE(file_.save(record));
  ASSERT_TRUE(switch_.remove());
  EXPECT_FALSE(round().ready());
  EXPECT_FALSE(switch_.in_force());
}

// A node without RDMA hardware is not ready, and no failure either.
class Candidate : public NodeRound {
 protected:
  void unplug() {
    system_.devices.clear();
    system_.rdma.clear();
  }
};

TEST_F(Candidate, IsANodeWithAnRdmaDevice) {
  EXPECT_TRUE(round().candidate);
}

TEST_F(Candidate, IsNoNodeWithoutRdmaHardware) {
  unplug();
  const NodeReport report = round();
  EXPECT_FALSE(report.candidate);
  EXPECT_FALSE(report.ready());
}

TEST_F(Candidate, IsANodeWhoseDeviceWentAwayForTheNextAgentToo) {
  ASSERT_TRUE(round().candidate);
  unplug();
  EXPECT_TRUE(round().candidate);
  EXPECT_TRUE(
      run_node_round(system_, OwnRecordFile(directory_.path(), "boot-1"), options_).candidate);
  EXPECT_FALSE(
      run_node_round(system_, OwnRecordFile(directory_.path(), "boot-2"), options_).candidate)
      << "a node that was rebuilt without it";
}

TEST_F(Candidate, IsANodeWithAnErdmaFunctionThatHasNoDriver) {
  unplug();
  system_.directories["/sys/bus/pci/devices"] = {"0000:00:01.0", "0000:00:05.0"};
  system_.files["/sys/bus/pci/devices/0000:00:01.0/vendor"] = "0x8086\n";
  system_.files["/sys/bus/pci/devices/0000:00:05.0/vendor"] = "0x1ded\n";
  system_.files["/sys/bus/pci/devices/0000:00:05.0/device"] = "0x107f\n";
  EXPECT_TRUE(round().candidate);
}

TEST_F(Candidate, IsANodeOnWhichADeviceIsAskedFor) {
  unplug();
  options_.setup.devices = {"mlx5_0"};
  EXPECT_TRUE(round().candidate);
}

TEST_F(Candidate, IsNotRememberedByADryRun) {
  options_.dry_run = true;
  EXPECT_TRUE(round().candidate);
  EXPECT_FALSE(file_.load()->had_rdma);
}

TEST_F(Candidate, IsANodeThatCannotBeRead) {
  system_.enter("pod");
  EXPECT_TRUE(round().candidate) << "it is not the node's own namespace: a mistake to be reported";
}

TEST_F(NodeRound, SetsUpPnetidAndUeidInThisOrder) {
  const NodeReport report = round();
  EXPECT_THAT(system_.writes,
              ElementsAre("SMC_PNETID ADD rdma0/1=NODENET", "SMC ADD_UEID SMC-TEST"));
  expect_set_up();
  EXPECT_EQ(report.exit_code(), ExitCode::kDone) << report_text(report, false);
  EXPECT_EQ(report.ports[0].owner, Owner::kAgent);
  EXPECT_EQ(report.ueids[0].owner, Owner::kAgent);
}

TEST_F(NodeRound, LoadsTheModule) {
  system_.smc_loaded = false;
  const NodeReport report = round();
  EXPECT_TRUE(system_.smc_loaded);
  EXPECT_EQ(check(report, "smc").verdict, Verdict::kPass);
}

TEST_F(NodeRound, ASecondOneWritesNothing) {
  (void)round();
  system_.writes.clear();
  const NodeReport report = round();
  EXPECT_THAT(system_.writes, IsEmpty());
  EXPECT_THAT(report.steps, IsEmpty());
  EXPECT_EQ(report.exit_code(), ExitCode::kDone);
}

TEST_F(NodeRound, RepairsWhatSomebodyRemovedAndReportsIt) {
  (void)round();
  system_.ueids = {"OTHER"};
  system_.node().pnet_table.clear();
  system_.devices[0].ports[0].pnetid.clear();
  const NodeReport report = round();
  ASSERT_EQ(report.steps.size(), 2u);
  EXPECT_TRUE(report.steps[0].repair);
  EXPECT_TRUE(report.steps[1].repair);
  EXPECT_THAT(system_.ueids, ElementsAre("OTHER", "SMC-TEST"));
  EXPECT_EQ(report.exit_code(), ExitCode::kDone);
}

TEST_F(NodeRound, AdoptsTheDevicePnetidOfAnotherProgram) {
  system_.node().pnet_table = {{"OTHER", "", "rdma0", 1}};
  system_.devices[0].ports[0].pnetid = "OTHER";
  const NodeReport report = round();
  EXPECT_THAT(system_.writes, ElementsAre("SMC ADD_UEID SMC-TEST"));
  EXPECT_EQ(report.ports[0].owner, Owner::kOther);
  EXPECT_THAT(check(report, "device pnetid").finding, HasSubstr("adopted OTHER"));
  EXPECT_EQ(report.exit_code(), ExitCode::kDone);
}

TEST_F(NodeRound, TakesOverAndPutsBackWhatSharedThePnetid) {
  system_.node().pnet_table = {{"OTHER", "", "rdma0", 1}, {"OTHER", "eth0", "", 0}};
  system_.devices[0].ports[0].pnetid = "OTHER";
  system_.devices[0].ports[0].pnetid_by_user = true;
  options_.setup.take_over = true;
  options_.setup.ueid.clear();
  const NodeReport report = round();
  EXPECT_THAT(system_.writes, ElementsAre("SMC_PNETID DEL OTHER", "SMC_PNETID ADD rdma0/1=NODENET",
                                          "SMC_PNETID ADD eth0=OTHER"));
  EXPECT_EQ(report.ports[0].owner, Owner::kAgent);
}

TEST_F(NodeRound, NeverRemovesAUeidOfOthersFromAFullTable) {
  system_.ueids = {"A", "B", "C", "D"};
  const NodeReport report = round();
  EXPECT_THAT(system_.writes, ElementsAre("SMC_PNETID ADD rdma0/1=NODENET"));
  EXPECT_THAT(system_.ueids, ElementsAre("A", "B", "C", "D"));
  EXPECT_EQ(check(report, "ueid").verdict, Verdict::kFail);
  EXPECT_THAT(check(report, "ueid").hint, Not(IsEmpty()));
  EXPECT_EQ(report.exit_code(), ExitCode::kNotPossible);
}

TEST_F(NodeRound, AnotherProgramMayFillTheTableBetweenReadAndWrite) {
  system_.before("SMC ADD_UEID", [this] { system_.ueids = {"A", "B", "C", "D"}; });
  const NodeReport report = round();
  EXPECT_EQ(report.exit_code(), ExitCode::kRefused);
  ASSERT_TRUE(report.refused);
  EXPECT_THAT(report.refused->hint, Not(IsEmpty()));
}

TEST_F(NodeRound, AnotherProgramMayAddTheSameBetweenReadAndWrite) {
  system_.before("SMC ADD_UEID", [this] { system_.ueids = {"SMC-TEST"}; });
  EXPECT_EQ(round().exit_code(), ExitCode::kDone);
}

TEST_F(NodeRound, ADryRunPrintsWhatItWouldDoAndChangesNothing) {
  system_.smc_loaded = true;
  options_.dry_run = true;
  const OwnRecordFile nowhere("/nonexistent/state", "boot-1");
  const NodeReport report = run_node_round(system_, nowhere, options_);
  EXPECT_THAT(system_.writes, IsEmpty());
  EXPECT_THAT(report_text(report, true), HasSubstr("would set pnetid NODENET for rdma0 port 1\n"));
  EXPECT_THAT(report_text(report, true), HasSubstr("would set UEID SMC-TEST\n"));
  EXPECT_EQ(report.exit_code(), ExitCode::kDone);
}

TEST_F(NodeRound, ADryRunDoesNotLoadTheModuleEither) {
  options_.dry_run = true;
  const NodeReport report = round();
  EXPECT_FALSE(system_.smc_loaded);
  EXPECT_EQ(check(report, "smc").verdict, Verdict::kWarn);
}

TEST_F(NodeRound, OutsideTheNodesOwnNamespaceItDoesNothing) {
  system_.enter("pod");
  const NodeReport report = round();
  EXPECT_THAT(system_.writes, IsEmpty());
  EXPECT_EQ(report.exit_code(), ExitCode::kNotPossible);
  EXPECT_THAT(check(report, "namespace").hint, HasSubstr("hostNetwork"));
}

TEST_F(NodeRound, WithoutSmcInTheKernelItNamesWhatTheNodeLacks) {
  system_.smc_available = false;
  const NodeReport report = round();
  EXPECT_EQ(check(report, "smc").verdict, Verdict::kFail);
  EXPECT_THAT(check(report, "smc").hint, HasSubstr("CONFIG_SMC"));
  EXPECT_EQ(report.exit_code(), ExitCode::kNotPossible);
}

struct Fault {
  const char* request;
  int code;
};

class NodeRoundFault : public NodeRound, public testing::WithParamInterface<Fault> {};

TEST_P(NodeRoundFault, IsReportedWithErrnoAndHintAndTheNextRoundDoesTheRest) {
  const auto& [request, code] = GetParam();
  // A dump is tried again by itself where it was only interrupted.
  system_.fail(request, code);
  const NodeReport report = round();
  EXPECT_EQ(report.exit_code(), ExitCode::kRefused) << report_text(report, false);
  ASSERT_TRUE(report.refused);
  EXPECT_EQ(report.refused->code, code);
  EXPECT_FALSE(report.ready());
  EXPECT_THAT(check(report, "set-up").hint, Not(IsEmpty()));
  EXPECT_EQ(round().exit_code(), ExitCode::kDone);
  expect_set_up();
}

INSTANTIATE_TEST_SUITE_P(
    Steps, NodeRoundFault,
    testing::Values(Fault{"SMC_PNETID ADD", EPERM}, Fault{"SMC_PNETID ADD", EINVAL},
                    Fault{"SMC ADD_UEID", EPERM}, Fault{"SMC_PNETID GET", ENOMEM},
                    Fault{"SMC DUMP_UEID", EPERM}, Fault{"ROUTE GETLINK", ENOBUFS}));

TEST_F(NodeRound, ADeviceThatGoesAwayMeanwhileIsNoLongerTheNodes) {
  system_.before("SMC_PNETID ADD", [this] {
    system_.devices.clear();
    system_.rdma.clear();
  });
  const NodeReport report = round();
  EXPECT_THAT(report.ports, IsEmpty());
  EXPECT_EQ(round().exit_code(), ExitCode::kNotPossible);
}

TEST_F(NodeRound, KilledAtAnyWriteTheNextRunMakesTheSameAndOwnsIt) {
  for (int write = 0; write < 2; ++write) {
    FakeSystem fresh;
    fresh.enter("node");
    fresh.ueids.clear();
    fresh.devices[0].ports[0].pnetid.clear();
    fresh.devices[0].ports[0].pnetid_by_user = false;
    const smc::test::TemporaryDirectory directory;
    const OwnRecordFile file(directory.path(), "boot-1");
    fresh.kill_at(write);
    EXPECT_THROW((void)run_node_round(fresh, file, options_), Killed);
    const NodeReport report = run_node_round(fresh, file, options_);
    EXPECT_TRUE(report.ready()) << write;
    EXPECT_EQ(report.ports[0].owner, Owner::kAgent) << write;
    EXPECT_EQ(report.ueids[0].owner, Owner::kAgent) << write;
  }
}

TEST_F(NodeRound, AMalformedRecordIsSetAsideAndReported) {
  std::ofstream(file_.path()) << "malformed";
  const NodeReport report = round();
  EXPECT_EQ(check(report, "record").verdict, Verdict::kWarn);
  EXPECT_EQ(report.exit_code(), ExitCode::kDone);
  EXPECT_EQ(*read_file(file_.path() + ".bad", 100), "malformed");
}

TEST_F(NodeRound, WithoutAPlaceForItsRecordItChangesNothing) {
  std::ofstream(directory_.file("file")) << "x";
  const OwnRecordFile nowhere(directory_.file("file") + "/state", "boot-1");
  const NodeReport report = run_node_round(system_, nowhere, options_);
  EXPECT_THAT(system_.writes, IsEmpty());
  EXPECT_EQ(report.exit_code(), ExitCode::kRefused);
  EXPECT_THAT(report.refused->hint, HasSubstr("--state-dir"));
}

TEST_F(NodeRound, WithoutAWishForAUeidTheTableIsOnlyJudged) {
  options_.setup.ueid.clear();
  const NodeReport none = round();
  EXPECT_EQ(check(none, "ueid").verdict, Verdict::kFail);
  system_.ueids = {"OTHER"};
  EXPECT_EQ(check(round(), "ueid").verdict, Verdict::kPass);
  EXPECT_THAT(system_.writes, ElementsAre("SMC_PNETID ADD rdma0/1=NODENET"));
}

}  // namespace
}  // namespace smc::node
