// What the agent decides to put into the kernel, from what is there. How it writes it:
// node_round_test.cc.
#include <gmock/gmock.h>

#include "node-init/agent/node_setup.h"

namespace smc::node {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kMacPnetid = "02000000000A";

// A node with one active port on eth1, nothing set up.
NodeTables one_port() {
  NodeTables tables;
  SmcPort port;
  port.number = 1;
  port.ifindex = 3;
  port.active = true;
  tables.devices = {{"mlx5_0", {port}}};
  Link link;
  link.index = 3;
  link.name = "eth1";
  link.mac = "02:00:00:00:00:0a";
  tables.links = {link};
  return tables;
}

// The same with a pnetid in the table and at the port.
NodeTables with_pnetid(const std::string& pnetid) {
  NodeTables tables = one_port();
  tables.pnetids = {{pnetid, "", "mlx5_0", 1}};
  tables.devices[0].ports[0].pnetid = pnetid;
  tables.devices[0].ports[0].pnetid_by_user = true;
  return tables;
}

OwnRecord own_pnetid(const std::string& pnetid) {
  OwnRecord record;
  record.add_pnetid({"mlx5_0", 1, pnetid});
  return record;
}

SetupConfig with_wanted_pnetid(const std::string& pnetid) {
  SetupConfig config;
  config.pnetid = pnetid;
  return config;
}

const CheckResult& check_of(const SetupPlan& plan, const std::string& name) {
  for (const CheckResult& result : plan.checks)
    if (result.name == name) return result;
  static const CheckResult kNone;
  return kNone;
}

TEST(PnetidPlan, IsTheMacOfThePortsInterfaceInUpperCaseWithoutColons) {
  const auto plan = plan_setup(one_port(), {}, {});
  ASSERT_THAT(plan.steps, SizeIs(1));
  EXPECT_EQ(plan.steps[0].pnetid, (OwnPnetid{"mlx5_0", 1, kMacPnetid}));
  EXPECT_FALSE(plan.steps[0].repair);
}

TEST(PnetidPlan, IsTheConfiguredOneWhereThereIsOne) {
  const auto plan = plan_setup(one_port(), {}, with_wanted_pnetid("NODENET"));
  ASSERT_THAT(plan.steps, SizeIs(1));
  EXPECT_EQ(plan.steps[0].pnetid.pnetid, "NODENET");
}

TEST(PnetidPlan, NothingIsDoneWhereItIsThereAlready) {
  const auto plan = plan_setup(with_pnetid(kMacPnetid), own_pnetid(kMacPnetid), {});
  EXPECT_THAT(plan.steps, IsEmpty());
  EXPECT_EQ(plan.ports[0].owner, Owner::kAgent);
  EXPECT_EQ(check_of(plan, "device pnetid").verdict, Verdict::kPass);
}

TEST(PnetidPlan, OfAnotherProgramIsAdoptedAndReported) {
  const auto plan = plan_setup(with_pnetid("OTHER"), {}, with_wanted_pnetid("NODENET"));
  EXPECT_THAT(plan.steps, IsEmpty());
  EXPECT_EQ(plan.ports[0].owner, Owner::kOther);
  EXPECT_EQ(check_of(plan, "device pnetid").verdict, Verdict::kPass);
  EXPECT_THAT(check_of(plan, "device pnetid").finding, HasSubstr("adopted OTHER"));
}

TEST(PnetidPlan, OfAnotherProgramIsReplacedWithTakeOver) {
  SetupConfig config = with_wanted_pnetid("NODENET");
  config.take_over = true;
  const auto plan = plan_setup(with_pnetid("OTHER"), {}, config);
  ASSERT_THAT(plan.steps, SizeIs(1));
  EXPECT_THAT(plan.steps[0].text, HasSubstr("in place of OTHER"));
}

TEST(PnetidPlan, OneOfAnotherProgramThatIsEqualIsNotClaimed) {
  const auto plan = plan_setup(with_pnetid("NODENET"), {}, with_wanted_pnetid("NODENET"));
  EXPECT_THAT(plan.steps, IsEmpty());
  EXPECT_EQ(plan.ports[0].owner, Owner::kOther);
}

TEST(PnetidPlan, OneOfItsOwnFollowsTheConfiguration) {
  const auto plan = plan_setup(with_pnetid("OLD"), own_pnetid("OLD"), with_wanted_pnetid("NEW"));
  ASSERT_THAT(plan.steps, SizeIs(1));
  EXPECT_EQ(plan.steps[0].pnetid.pnetid, "NEW");
  EXPECT_FALSE(plan.steps[0].repair);
}

TEST(PnetidPlan, KilledInTheMiddleOfACorrectionItStillKnowsItsOld) {
  OwnRecord record = own_pnetid("OLD");
  record.add_pnetid({"mlx5_0", 1, "NEW"});
  const auto plan = plan_setup(with_pnetid("OLD"), record, with_wanted_pnetid("NEW"));
  ASSERT_THAT(plan.steps, SizeIs(1));
  EXPECT_EQ(plan.steps[0].pnetid.pnetid, "NEW");
}

TEST(PnetidPlan, OneThatSomebodyRemovedIsARepair) {
  const auto plan = plan_setup(one_port(), own_pnetid(kMacPnetid), {});
  ASSERT_THAT(plan.steps, SizeIs(1));
  EXPECT_TRUE(plan.steps[0].repair);
}

TEST(PnetidPlan, OneThatSomebodyReplacedIsTheirsNow) {
  const auto plan = plan_setup(with_pnetid("OTHER"), own_pnetid(kMacPnetid), {});
  EXPECT_THAT(plan.steps, IsEmpty());
  EXPECT_EQ(plan.ports[0].owner, Owner::kOther);
}

TEST(PnetidPlan, OneOfTheHardwareStaysEvenWithTakeOver) {
  NodeTables tables = one_port();
  tables.devices[0].ports[0].pnetid = "HWNET";
  SetupConfig config = with_wanted_pnetid("NODENET");
  config.take_over = true;
  const auto plan = plan_setup(tables, {}, config);
  EXPECT_THAT(plan.steps, IsEmpty());
  EXPECT_EQ(plan.ports[0].owner, Owner::kHardware);
  EXPECT_EQ(check_of(plan, "device pnetid").verdict, Verdict::kPass);
}

TEST(PnetidPlan, AnInterfaceWithoutMacAsksForAName) {
  NodeTables tables = one_port();
  tables.links[0].mac = "00:00:00:00:00:00";
  const auto plan = plan_setup(tables, {}, {});
  EXPECT_THAT(plan.steps, IsEmpty());
  EXPECT_EQ(check_of(plan, "device pnetid").verdict, Verdict::kFail);
  EXPECT_THAT(check_of(plan, "device pnetid").hint, HasSubstr("--pnetid"));
}

TEST(PnetidPlan, AnInterfaceInAnotherNamespaceAsksForAName) {
  NodeTables tables = one_port();
  tables.links.clear();
  const auto plan = plan_setup(tables, {}, {});
  EXPECT_THAT(plan.steps, IsEmpty());
  EXPECT_EQ(check_of(plan, "device pnetid").verdict, Verdict::kFail);
}

TEST(PnetidPlan, AnInfinibandMacIsTooLongForOne) {
  NodeTables tables = one_port();
  tables.links[0].mac = "80:00:02:08:fe:80:00:00:00:00:00:00:e4:1d:2d:03:00:50:bd:71";
  EXPECT_THAT(plan_setup(tables, {}, {}).steps, IsEmpty());
  EXPECT_THAT(plan_setup(tables, {}, with_wanted_pnetid("IBNET")).steps, SizeIs(1));
}

TEST(PnetidPlan, EveryPortOfEveryDeviceGetsOne) {
  NodeTables tables = one_port();
  tables.devices.push_back(
      {"mlx5_1", {SmcPort{1, "", false, 3, true}, SmcPort{2, "", false, 3, false}}});
  EXPECT_THAT(plan_setup(tables, {}, with_wanted_pnetid("NODENET")).steps, SizeIs(3));
}

TEST(PnetidPlan, OnlyTheNamedDevicesAreTouchedAndAMissingOneFails) {
  NodeTables tables = one_port();
  tables.devices.push_back({"mlx5_1", {SmcPort{1, "", false, 3, true}}});
  SetupConfig config;
  config.devices = {"mlx5_1", "mlx5_7"};
  const auto plan = plan_setup(tables, {}, config);
  ASSERT_THAT(plan.steps, SizeIs(1));
  EXPECT_EQ(plan.steps[0].pnetid.device, "mlx5_1");
  EXPECT_THAT(check_of(plan, "rdma device").finding, HasSubstr("mlx5_7"));
  EXPECT_EQ(check_of(plan, "rdma device").verdict, Verdict::kFail);
}

class UeidPlan : public testing::Test {
 protected:
  SetupPlan plan(const std::vector<std::string>& table, const std::vector<std::string>& own,
                 const std::string& wanted) {
    NodeTables tables;
    tables.ueids = table;
    OwnRecord record;
    record.ueids = own;
    SetupConfig config;
    config.ueid = wanted;
    return plan_setup(tables, record, config);
  }
};

TEST_F(UeidPlan, IsAddedWhereItIsAbsent) {
  const auto made = plan({"OTHER"}, {}, "MINE");
  ASSERT_THAT(made.steps, SizeIs(1));
  EXPECT_EQ(made.steps[0].kind, SetupStep::Kind::kAddUeid);
  EXPECT_EQ(made.steps[0].ueid, "MINE");
}

TEST_F(UeidPlan, OneThatIsThereIsLeftToItsOwner) {
  const auto made = plan({"MINE"}, {}, "MINE");
  EXPECT_THAT(made.steps, IsEmpty());
  EXPECT_EQ(made.ueids[0].owner, Owner::kOther);
}

TEST_F(UeidPlan, AFullTableFailsWithAHintAndNobodysIsRemoved) {
  const auto made = plan({"A", "B", "C", "D"}, {}, "MINE");
  EXPECT_THAT(made.steps, IsEmpty());
  EXPECT_EQ(check_of(made, "ueid").verdict, Verdict::kFail);
  EXPECT_THAT(check_of(made, "ueid").finding, HasSubstr("full"));
  EXPECT_FALSE(check_of(made, "ueid").hint.empty());
}

TEST_F(UeidPlan, AFullTableWithOneOfItsOwnMakesRoomFirst) {
  const auto made = plan({"A", "OLD", "C", "D"}, {"OLD"}, "NEW");
  ASSERT_THAT(made.steps, SizeIs(2));
  EXPECT_EQ(made.steps[0].kind, SetupStep::Kind::kRemoveUeid);
  EXPECT_EQ(made.steps[0].ueid, "OLD");
  EXPECT_EQ(made.steps[1].kind, SetupStep::Kind::kAddUeid);
}

TEST_F(UeidPlan, OneThatSomebodyRemovedIsARepair) {
  const auto made = plan({}, {"MINE"}, "MINE");
  ASSERT_THAT(made.steps, SizeIs(1));
  EXPECT_TRUE(made.steps[0].repair);
}

TEST_F(UeidPlan, AKernelWithoutUeidsIsAWarning) {
  NodeTables tables;
  tables.has_ueids = false;
  SetupConfig config;
  config.ueid = "MINE";
  const auto made = plan_setup(tables, {}, config);
  EXPECT_THAT(made.steps, IsEmpty());
  EXPECT_EQ(check_of(made, "ueid").verdict, Verdict::kWarn);
}

}  // namespace
}  // namespace smc::node
