// `uninstall` leaves no namespace with the agent's handshake control, and no control.
#include "node-init/agent/destination_removal.h"

#include <cerrno>

#include <gmock/gmock.h>

#include "test/node-init/kernel/fake_system.h"
#include "test/node-init/pod/recorded_lists.h"

namespace smc::node {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class DestinationRemoval : public testing::Test {
 protected:
  DestinationRemoval() {
    system_.enter("node");
    system_.node().sysctls[kControlPath] = "\n";
    add_process("1", "\n");
    lists_.any = true;
  }
  void add_process(const std::string& process, const std::string& control) {
    const std::string path = "/proc/" + process + "/ns/net";
    system_.directories["/proc"].push_back(process);
    system_.namespaces[path] = system_.pod();
    system_.namespaces[path].id = "net:[40265320" + process + "]";
    system_.namespaces[path].sysctls[kControlPath] = control;
  }
  std::string control_of(const std::string& process) {
    std::string text = system_.namespaces.at("/proc/" + process + "/ns/net").sysctls[kControlPath];
    text.erase(text.find_last_not_of('\n') + 1);
    return text;
  }

  test::FakeSystem system_;
  test::RecordedLists lists_{system_};
};

TEST_F(DestinationRemoval, NamespacesAreResetBeforeTheControlGoes) {
  add_process("11", "smc_asm_dest_1\n");
  add_process("12", "my_ctrl\n");
  add_process("13", "smc_asm_dest_0\n");
  const auto removed = remove_excluded_destinations(system_, lists_);
  ASSERT_TRUE(removed);
  EXPECT_TRUE(*removed);
  EXPECT_EQ(control_of("11"), "");
  EXPECT_EQ(control_of("12"), "my_ctrl");
  EXPECT_EQ(control_of("13"), "");
  EXPECT_THAT(system_.writes,
              ElementsAre(HasSubstr("hs_ctrl"), HasSubstr("hs_ctrl"), "remove the control"));
}

TEST_F(DestinationRemoval, OneThatRefusesKeepsNoneOfTheOthers) {
  add_process("11", "smc_asm_dest_1\n");
  add_process("12", "smc_asm_dest_1\n");
  system_.fail("write", EPERM);
  const auto removed = remove_excluded_destinations(system_, lists_);
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().code, EPERM);
  EXPECT_EQ(control_of("12"), "");
  EXPECT_FALSE(lists_.any);
}

TEST_F(DestinationRemoval, AKernelWithoutHandshakeControlHasNothingToReset) {
  system_.node().sysctls.erase(kControlPath);
  lists_.any = false;
  const auto removed = remove_excluded_destinations(system_, lists_);
  ASSERT_TRUE(removed);
  EXPECT_FALSE(*removed);
  EXPECT_THAT(system_.writes, ElementsAre("remove the control"));
}

}  // namespace
}  // namespace smc::node
