// A pod's namespace on a node that can do SMC, and `smc-node-init pod` in it. For tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "node-init/pod/pod.h"
#include "test/node-init/kernel/fake_system.h"

namespace smc::node::test {

inline constexpr const char* kSwitch = "/proc/sys/net/smc/tcp2smc";

class PodTest : public testing::Test {
 protected:
  // A kernel with the switch, as on Alibaba Cloud Linux 3.
  void SetUp() override { system_.pod().sysctls[kSwitch] = "0\n"; }

  PodReport run() {
    return set_up_pod(system_, options_, [](const PodStep&) {});
  }
  // Runs and expects it to end at `step` with `code`, an explanation and a hint.
  PodStep expect_failure(ExitCode code, std::string_view step) {
    const PodReport report = run();
    EXPECT_EQ(report.code, code);
    const PodStep& last = report.steps.back();
    EXPECT_EQ(last.name, step) << last.text;
    EXPECT_EQ(last.outcome, StepOutcome::kFailed);
    EXPECT_FALSE(last.hint.empty());
    return last;
  }
  static std::vector<std::string> warnings(const PodReport& report) {
    std::vector<std::string> texts;
    for (const PodStep& step : report.steps)
      if (step.outcome == StepOutcome::kWarning) texts.push_back(step.text);
    return texts;
  }

  FakeSystem system_;
  PodOptions options_;
};

// What the self-test leaves in a namespace of its own.
inline const std::vector<std::string> kSelfTestWrites = {"ROUTE up 1", "ROUTE address 10.9.0.11/24",
                                                         "SMC_PNETID ADD lo=PNA"};

inline std::vector<std::string> with_self_test(std::vector<std::string> writes) {
  writes.insert(writes.end(), kSelfTestWrites.begin(), kSelfTestWrites.end());
  return writes;
}

}  // namespace smc::node::test
