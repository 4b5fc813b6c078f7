// The agent as a whole, on a kernel made of tables: its first round, and what readers see of it.
#include <gmock/gmock.h>
#include <unistd.h>

#include "node-init/agent/agent.h"
#include "test/node-init/fake_system.h"
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
    options_.round.wish.ueid = "SMC-TEST";
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

TEST_F(AgentLoop, IsAilingOnceNoStepEndsForAMinute) {
  Agent agent(system_, OwnRecordFile(directory_.path(), "boot-1"), options_, names_);
  agent.run(pipe_[0]);
  EXPECT_THAT(agent.ailing(), IsEmpty());
  system_.sleep_for(std::chrono::minutes(2));
  EXPECT_THAT(agent.ailing(), HasSubstr("stuck"));
}

TEST_F(AgentLoop, WithoutEventSocketsThePeriodStandsIn) {
  system_.fail("open netlink 20", EPROTONOSUPPORT);
  Agent agent(system_, OwnRecordFile(directory_.path(), "boot-1"), options_, names_);
  agent.run(pipe_[0]);
  EXPECT_THAT(agent.not_ready(), IsEmpty());
}

}  // namespace
}  // namespace smc::node
