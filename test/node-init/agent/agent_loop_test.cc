// The agent as a whole, on a kernel made of tables: its first round, and what readers see of it.
#include <cerrno>
#include <functional>

#include <gmock/gmock.h>
#include <unistd.h>

#include "base/log.h"
#include "node-init/agent/agent.h"
#include "test/node-init/kernel/fake_system.h"
#include "test/support/temporary_directory.h"

namespace smc::node {
namespace {

using test::FakeSystem;
using testing::HasSubstr;
using testing::IsEmpty;

class NoNames final : public PodDirectory {
 public:
  PodName name_of(const std::string&) const override { return {}; }
};

class AgentLoop : public testing::Test {
 protected:
  AgentLoop() {
    system_.enter("node");
    EXPECT_EQ(::pipe(pipe_), 0);
    // Readable from the start: one round, then the end.
    EXPECT_EQ(::write(pipe_[1], "x", 1), 1);
    options_.round.setup.ueid = "SMC-TEST";
  }
  ~AgentLoop() override {
    ::close(pipe_[0]);
    ::close(pipe_[1]);
  }

  FakeSystem system_;
  smc::test::TemporaryDirectory directory_;
  NoNames names_;
  AgentOptions options_;
  int pipe_[2] = {-1, -1};
};

TEST_F(AgentLoop, IsNotReadyBeforeTheFirstRoundAndReadyAfterAGoodOne) {
  Agent agent(system_, OwnRecordFile(directory_.path(), "boot-1"), options_, names_);
  EXPECT_THAT(agent.not_ready(), HasSubstr("first round"));
  agent.run(pipe_[0]);
  EXPECT_THAT(agent.not_ready(), IsEmpty());
  EXPECT_THAT(agent.metrics(), HasSubstr("smc_node_ready 1\n"));
  EXPECT_THAT(agent.metrics(), HasSubstr("smc_node_rounds_total{result=\"ready\"} 1\n"));
  EXPECT_THAT(agent.metrics(),
              HasSubstr("smc_node_setup_steps_total{kind=\"ueid\",repair=\"false\"} 1\n"));
}

TEST_F(AgentLoop, NamesTheChecksThatFailed) {
  system_.devices.clear();
  system_.rdma.clear();
  Agent agent(system_, OwnRecordFile(directory_.path(), "boot-1"), options_, names_);
  agent.run(pipe_[0]);
  EXPECT_THAT(agent.not_ready(), HasSubstr("rdma device"));
  EXPECT_THAT(agent.metrics(), HasSubstr("smc_node_ready 0\n"));
}

TEST_F(AgentLoop, IsUnhealthyOnceNoStepEndsForAMinute) {
  Agent agent(system_, OwnRecordFile(directory_.path(), "boot-1"), options_, names_);
  agent.run(pipe_[0]);
  EXPECT_THAT(agent.unhealthy(), IsEmpty());
  system_.sleep_for(std::chrono::minutes(2));
  EXPECT_THAT(agent.unhealthy(), HasSubstr("stuck"));
}

// It looks every period: a lasting cause must not fill the log.
TEST_F(AgentLoop, ThatPodsCannotBeObservedIsLoggedOnce) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  options_.period = std::chrono::milliseconds(0);
  system_.fail("readlink /proc/1/ns/net", EACCES, 4);
  int looks = 0;
  std::function<void()> count = [&] {
    if (++looks == 4) {
      EXPECT_EQ(::write(pipe[1], "x", 1), 1);
    }
    system_.before("readlink /proc/1/ns/net", count);
  };
  system_.before("readlink /proc/1/ns/net", count);
  testing::internal::CaptureStderr();
  Agent agent(system_, OwnRecordFile(directory_.path(), "boot-1"), options_, names_);
  agent.run(pipe[0]);
  log::flush();
  const std::string said = testing::internal::GetCapturedStderr();
  const auto first = said.find("pods could not be observed");
  EXPECT_NE(first, std::string::npos);
  EXPECT_EQ(said.find("pods could not be observed", first + 1), std::string::npos) << said;
  EXPECT_EQ(looks, 4);
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_F(AgentLoop, WithoutEventSocketsThePeriodStandsIn) {
  system_.fail("open netlink 20", EPROTONOSUPPORT);
  Agent agent(system_, OwnRecordFile(directory_.path(), "boot-1"), options_, names_);
  agent.run(pipe_[0]);
  EXPECT_THAT(agent.not_ready(), IsEmpty());
}

}  // namespace
}  // namespace smc::node
