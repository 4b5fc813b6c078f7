// Which switch there is in a namespace, whether it is on, and why there is none.
#include "node-init/kernel/program_switch.h"

#include <cerrno>

#include <gmock/gmock.h>

#include "test/node-init/kernel/fake_system.h"

namespace smc::node {
namespace {

using testing::HasSubstr;

class ProgramSwitchTest : public testing::Test {
 protected:
  ProgramSwitch find(SwitchChoice choice = SwitchChoice::kAuto) {
    const auto found = read_program_switch(system_, choice);
    EXPECT_TRUE(found) << found.error().text();
    return found ? *found : ProgramSwitch();
  }
  std::string obstacle() { return bpf_switch_obstacle(system_).value_or(""); }

  test::FakeSystem system_;  // in a pod, without tcp2smc, on 5.10
};

TEST_F(ProgramSwitchTest, TheKernelsOwnComesFirst) {
  system_.pod().sysctls[kSwitchPath] = "0\n";
  system_.offer_bpf_switch();
  EXPECT_EQ(find().kind, SwitchKind::kTcp2smc);
  EXPECT_FALSE(find().on);
  system_.pod().sysctls[kSwitchPath] = "1\n";
  EXPECT_TRUE(find().on);
}

TEST_F(ProgramSwitchTest, BpfsIsOnWhereASocketShowsIt) {
  system_.offer_bpf_switch();
  EXPECT_EQ(find().kind, SwitchKind::kBpf);
  EXPECT_FALSE(find().on);
  system_.switched_by_bpf = [](std::uint64_t) { return true; };
  EXPECT_TRUE(find().on);
  EXPECT_EQ(switch_name(find().kind), "bpf");
}

TEST_F(ProgramSwitchTest, AChoiceLeavesTheOthersOut) {
  system_.offer_bpf_switch();
  system_.pod().sysctls[kSwitchPath] = "1\n";
  EXPECT_EQ(find(SwitchChoice::kBpf).kind, SwitchKind::kBpf);
  EXPECT_EQ(find(SwitchChoice::kTcp2smc).kind, SwitchKind::kTcp2smc);
  EXPECT_EQ(find(SwitchChoice::kNone).kind, SwitchKind::kNone);
  system_.pod().sysctls.erase(kSwitchPath);
  EXPECT_EQ(find(SwitchChoice::kTcp2smc).kind, SwitchKind::kNone);
}

TEST_F(ProgramSwitchTest, AnOlderKernelHasNone) {
  system_.offer_bpf_switch();
  system_.pod().sysctls["/proc/sys/kernel/osrelease"] = "6.10.9-amd64\n";
  EXPECT_EQ(find().kind, SwitchKind::kNone);
  EXPECT_THAT(obstacle(), HasSubstr("older than 6.11"));
  system_.pod().sysctls["/proc/sys/kernel/osrelease"] = "6.11.0\n";
  EXPECT_EQ(find().kind, SwitchKind::kBpf);
  EXPECT_EQ(obstacle(), "");
}

TEST_F(ProgramSwitchTest, WithoutBtfThereIsNone) {
  system_.offer_bpf_switch();
  system_.directories["/sys/kernel/btf"] = {"smc"};
  EXPECT_EQ(find().kind, SwitchKind::kNone);
  EXPECT_THAT(obstacle(), HasSubstr("CONFIG_DEBUG_INFO_BTF"));
  system_.directories.erase("/sys/kernel/btf");
  EXPECT_EQ(find().kind, SwitchKind::kNone);
}

TEST_F(ProgramSwitchTest, TheObstacleIsLookedForInBtfItself) {
  system_.offer_bpf_switch();
  system_.files["/sys/kernel/btf/vmlinux"] = std::string("\0my_update_socket_protocol\0", 27);
  EXPECT_THAT(obstacle(), HasSubstr("update_socket_protocol"));
  system_.files.erase("/sys/kernel/btf/vmlinux");
  EXPECT_THAT(obstacle(), HasSubstr("/sys/kernel/btf/vmlinux"));
}

TEST_F(ProgramSwitchTest, ASocketThatCannotBeOpenedIsAnError) {
  system_.fail("stream socket", EMFILE);
  EXPECT_FALSE(read_program_switch(system_));
}

TEST_F(ProgramSwitchTest, WhereThereIsNoneTheErrorSaysWhyAndWhatToDo) {
  const Error none = no_switch_error(system_, SwitchChoice::kAuto);
  EXPECT_THAT(none.what, HasSubstr("no net.smc.tcp2smc"));
  EXPECT_THAT(none.what, HasSubstr("older than 6.11"));
  EXPECT_THAT(none.hint, HasSubstr("--programs=ask"));
  EXPECT_THAT(no_switch_error(system_, SwitchChoice::kNone).what, HasSubstr("--switch=none"));
  EXPECT_THAT(no_switch_error(system_, SwitchChoice::kTcp2smc).what, HasSubstr("--switch=tcp2smc"));
  EXPECT_THAT(no_switch_error(system_, SwitchChoice::kBpf).what, HasSubstr("older than 6.11"));
}

}  // namespace
}  // namespace smc::node
