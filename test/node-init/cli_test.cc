// The program itself, as users and the kubelet call it: exit codes, and where its words go. It runs
// in this machine's namespaces and changes nothing there.
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/support/temporary_directory.h"

namespace {

using nlohmann::json;
using testing::HasSubstr;

struct Outcome {
  int status = -1;
  std::string out;
};

// Standard output, and standard error with it unless `arguments` redirect it.
Outcome run(const std::string& arguments, const std::string& before = "") {
  const std::string command = before + std::string(SMC_BIN_DIR) + "/smc-node-init " + arguments;
  Outcome outcome;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::array<char, 4096> part{};
  while (const std::size_t n = std::fread(part.data(), 1, part.size(), pipe))
    outcome.out.append(part.data(), n);
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) outcome.status = WEXITSTATUS(status);
  return outcome;
}

TEST(NodeInitTest, WrongUsageIsOneWithAHint) {
  for (const char* arguments : {"",
                                "nonsense",
                                "pod --self-test maybe",
                                "pod --on-failure retry",
                                "pod --rmem 1",
                                "pod --smcr-buf-type 3",
                                "pod extra",
                                "explain",
                                "explain 0x1234",
                                "explain zz",
                                "explain 05000000/12",
                                "check --nonsense",
                                "pod --switch maybe",
                                "check --switch 1",
                                "pod --wait 5m",
                                "pod --exclude-destinations 10.0.0.1",
                                "pod --by-agent --wait 5m",
                                "pod --by-agent --wait 0s",
                                "pod --by-agent --self-test off",
                                "pod --by-agent --rmem 65536",
                                "pod --by-agent --dry-run",
                                "syn-check",
                                "syn-check server",
                                "syn-check server:80 --magic 12",
                                "pod --pod-netns 1"}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.status, 1) << arguments;
    EXPECT_THAT(outcome.out, HasSubstr("hint:")) << arguments;
  }
}

TEST(NodeInitTest, HelpAndVersionAreZero) {
  EXPECT_EQ(run("--help").status, 0);
  EXPECT_EQ(run("pod --help").status, 0);
  EXPECT_THAT(run("version").out, HasSubstr("smc-node-init "));
  EXPECT_EQ(run("--version").out, run("version").out);
}

TEST(NodeInitTest, ExplainsWhatIsTypedAsSeveralWords) {
  const Outcome row = run("explain TCP 0x05000000/0x03030000");
  EXPECT_EQ(row.status, 0);
  EXPECT_THAT(row.out, HasSubstr("peer: 0x03030000 no_device"));
  EXPECT_EQ(run("explain 0x05000000 / 0x03030000").out, row.out);
  EXPECT_THAT(run("explain SMC_CLC_DECL_NOUEID").out, HasSubstr("0x03030008"));
  EXPECT_THAT(run("explain ACTIVE SMCR").out, HasSubstr("did not fall back"));
}

TEST(NodeInitTest, ExplainsBothCodesOfAPair) {
  const Outcome outcome = run("explain 05000000/0x03030000");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.out, HasSubstr("peer_declined"));
  EXPECT_THAT(outcome.out, HasSubstr("no_device"));
}

TEST(NodeInitTest, APodsNamespaceThatCannotBeEnteredIsNamed) {
  const smc::test::TemporaryDirectory directory;
  const std::string fifo = directory.file("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const std::map<std::string, std::string> errors = {
      {"4194304", "there is no process 4194304"},  // above the highest ID that Linux gives
      {"/run/netns/no-such", "open the network namespace /run/netns/no-such"},
      {"/etc/passwd", "/etc/passwd is no network namespace"},
      {fifo, " is no network namespace"}};
  for (const char* command : {"status", "check", "syn-check 127.0.0.1:1"})
    for (const auto& [pod_netns, error] : errors) {
      if (::geteuid() != 0 && error.ends_with("is no network namespace")) continue;  // EPERM
      const Outcome outcome = run(std::string(command) + " --pod-netns " + pod_netns);
      EXPECT_EQ(outcome.status, 2) << command << " " << pod_netns;
      EXPECT_THAT(outcome.out, HasSubstr(error));
      EXPECT_THAT(outcome.out, HasSubstr("hint:"));
    }
}

TEST(NodeInitTest, WithoutTheRightToEnterAPodsNamespaceItSaysSo) {
  const std::string itself = std::to_string(::getpid());
  const Outcome outcome = run("status --pod-netns " + itself,
                              "setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin ");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.out, HasSubstr("Operation not permitted"));
  EXPECT_THAT(outcome.out, HasSubstr("hint: run it as root on the node: CAP_SYS_ADMIN"));
}

class NodesOwnNamespace : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists("/proc/sys/net/core/netdev_max_backlog"))
      GTEST_SKIP() << "the tests run in a network namespace of their own";
    // ctest runs several of these at a time
    log_ = testing::TempDir() + "smc-termination-log." + std::to_string(::getpid());
    std::filesystem::remove(log_);
  }
  std::string log_;
};

TEST_F(NodesOwnNamespace, PodRefusesItAndSaysSoInTheTerminationLog) {
  const Outcome outcome = run("pod --termination-log " + log_);
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.out, HasSubstr("--allow-host-network"));
  std::string summary(4096, '\0');
  FILE* file = std::fopen(log_.c_str(), "r");
  ASSERT_NE(file, nullptr);
  summary.resize(std::fread(summary.data(), 1, summary.size(), file));
  std::fclose(file);
  EXPECT_EQ(json::parse(summary)["step"], "namespace");
  EXPECT_EQ(json::parse(summary)["exitCode"], 2);
  std::filesystem::remove(log_);
}

TEST_F(NodesOwnNamespace, NeitherALinkNorADeviceIsTakenForTheTerminationLog) {
  std::filesystem::create_symlink(log_ + ".target", log_);
  const Outcome link = run("pod --termination-log " + log_);
  EXPECT_EQ(link.status, 2);
  EXPECT_THAT(link.out, HasSubstr("7 summary     WARNING"));
  EXPECT_FALSE(std::filesystem::exists(log_ + ".target"));
  std::filesystem::remove(log_);
  for (const std::string path : {"/dev/null", "/dev/full"})
    EXPECT_THAT(run("pod --termination-log " + path).out, HasSubstr("no regular file"));
  ASSERT_EQ(::mkfifo(log_.c_str(), 0600), 0);
  // Nobody reads: opening it must not wait.
  EXPECT_EQ(run("pod --termination-log " + log_).status, 2);
  std::filesystem::remove(log_);
}

TEST_F(NodesOwnNamespace, ALongerTerminationLogOfAnEarlierRunIsReplacedWhole) {
  std::ofstream(log_) << std::string(5000, 'x');
  (void)run("pod --termination-log " + log_);
  std::ifstream file(log_);
  EXPECT_EQ(json::parse(file)["step"], "namespace");
  std::filesystem::remove(log_);
}

TEST_F(NodesOwnNamespace, FallbackTurnsTheRefusalIntoZero) {
  const Outcome outcome = run("pod --on-failure fallback --termination-log " + log_);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.out, HasSubstr("\"result\":\"fallback\""));
  std::filesystem::remove(log_);
}

TEST_F(NodesOwnNamespace, ADryRunWritesNoTerminationLog) {
  const Outcome outcome = run("pod --dry-run --termination-log " + log_);
  EXPECT_EQ(outcome.status, 2);
  EXPECT_FALSE(std::filesystem::exists(log_));
}

// Most machines that run the tests have no SMC; where one has, `check` is the VM tests' business.
class WithoutSmc : public testing::Test {
 protected:
  void SetUp() override {
    if (std::filesystem::exists("/proc/sys/net/smc")) GTEST_SKIP() << "this machine has SMC";
  }
};

TEST_F(WithoutSmc, CheckFailsWithHints) {
  const Outcome outcome = run("check");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.out, testing::ContainsRegex("FAIL +smc .*\n +hint: "));
  const Outcome as_json = run("check --json");
  EXPECT_EQ(as_json.status, 2);
  const json parsed = json::parse(as_json.out);
  EXPECT_EQ(parsed["verdict"], "FAIL");
  for (const json& check : parsed["checks"])
    EXPECT_EQ(check["verdict"] == "PASS", check["hint"] == "") << check;
}

TEST_F(WithoutSmc, StatusIsNotPossible) {
  const Outcome outcome = run("status");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.out, HasSubstr("hint:"));
}

}  // namespace
