// smc-node-agent itself: what it serves and where, how it ends, and its exit codes. It runs in a
// network namespace made for the test, where it finds that it is not on the node's own and changes
// nothing.
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <httplib.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "test/support/temporary_directory.h"

namespace smc::node {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::ContainsRegex;
using testing::HasSubstr;

constexpr const char* kProgram = SMC_BIN_DIR "/smc-node-agent";
// Free, since nobody else is in this namespace.
constexpr int kPort = 9470;

// Moves this process into a network namespace of its own with its loopback device up. False where
// this user may not.
bool enter_new_namespace() {
  const int kinds = ::geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET;
  if (::unshare(kinds) != 0) return false;
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::snprintf(request.ifr_name, sizeof request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  return ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
}

class Process {
 public:
  explicit Process(const std::vector<std::string>& arguments) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that is ended leaves no agent behind
      ::dup2(ends[1], STDOUT_FILENO);
      ::dup2(ends[1], STDERR_FILENO);
      std::vector<char*> words{const_cast<char*>(kProgram)};
      for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
      words.push_back(nullptr);
      ::execv(kProgram, words.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    output_ = Fd(ends[0]);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  void signal(int number) const { ::kill(pid_, number); }

  // Waits for its end. Returns the exit status, or -1 where a signal ended it, or where it did not
  // end within 20 s: the test's own, then.
  int wait() {
    const auto deadline = steady_clock::now() + std::chrono::seconds(20);
    while (read_some(deadline)) continue;
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  // Waits until it has written this; false where it has not within 20 s.
  bool says(const std::string& text) {
    const auto deadline = steady_clock::now() + std::chrono::seconds(20);
    while (out.find(text) == std::string::npos)
      if (!read_some(deadline)) return false;
    return true;
  }

  std::string out;  // standard output and error, as far as wait() and says() have read it

 private:
  // False at the end of the output, which is the program's end.
  bool read_some(steady_clock::time_point deadline) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    pollfd readable{output_.get(), POLLIN, 0};
    if (::poll(&readable, 1, left > 0 ? static_cast<int>(left) : 0) <= 0) {
      ::kill(pid_, SIGKILL);
      out += "\n(still running after 20 s)";
      return false;
    }
    std::array<char, 4096> part{};
    const ssize_t n = ::read(output_.get(), part.data(), part.size());
    if (n > 0) out.append(part.data(), static_cast<std::size_t>(n));
    return n > 0;
  }

  pid_t pid_ = -1;
  Fd output_;
};

class AgentProcess : public testing::Test {
 protected:
  static void SetUpTestSuite() { may_unshare = enter_new_namespace(); }
  void SetUp() override {
    if (!may_unshare) GTEST_SKIP() << "this user may not make a network namespace";
    ::unsetenv("KUBERNETES_SERVICE_HOST");  // of a pod that runs the tests: no cluster is asked
  }

  std::vector<std::string> run(std::vector<std::string> more) const {
    std::vector<std::string> words{"run", "--state-dir", directory_.file("state")};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  // The answer, once there is one.
  static httplib::Result get(const std::string& path) {
    const auto deadline = steady_clock::now() + std::chrono::seconds(20);
    while (true) {
      auto answer = httplib::Client("127.0.0.1", kPort).Get(path);
      if (answer || steady_clock::now() > deadline) return answer;
      std::this_thread::sleep_for(milliseconds(20));
    }
  }

  smc::test::TemporaryDirectory directory_;
  static inline bool may_unshare = false;
  const std::string listen_ = "127.0.0.1:" + std::to_string(kPort);
};

TEST_F(AgentProcess, ServesItsMetricsAndStateOnTheChosenAddress) {
  const Process agent(run({"--listen", listen_, "--period", "1"}));
  const auto health = get("/healthz");
  ASSERT_TRUE(health);
  EXPECT_EQ(health->status, 200);
  EXPECT_EQ(health->body, "ok\n");

  const auto deadline = steady_clock::now() + std::chrono::seconds(20);
  std::string metrics;
  while (metrics.find("smc_node_rounds_total{") == std::string::npos) {
    ASSERT_LT(steady_clock::now(), deadline) << metrics;
    metrics = get("/metrics")->body;
  }
  EXPECT_THAT(metrics, HasSubstr("smc_node_ready 0\n"));
  EXPECT_THAT(metrics, HasSubstr("smc_node_check{check=\"namespace\",verdict=\"FAIL\"} 1\n"));
  EXPECT_EQ(get("/metrics")->get_header_value("Content-Type"),
            "text/plain; version=0.0.4; charset=utf-8");

  const auto ready = get("/readyz");
  EXPECT_EQ(ready->status, 503);
  EXPECT_THAT(ready->body, HasSubstr("namespace: not the node's own"));
  EXPECT_EQ(get("/nothing")->status, 404);
}

// The chart gives the node's address in brackets, whichever family it has.
TEST_F(AgentProcess, AnAddressInBracketsMayBeIpv4OrIpv6) {
  for (const char* address : {"[127.0.0.1]:0", "[::1]:0"}) {
    Process agent(run({"--listen", address}));
    EXPECT_TRUE(agent.says("\"event\":\"started\"")) << agent.out;
  }
}

TEST_F(AgentProcess, OnPort0LogsWhichPortItTookAtAnyLevel) {
  Process agent(run({"--listen", "127.0.0.1:0", "--log-level", "error"}));
  ASSERT_TRUE(agent.says("\"event\":\"started\"")) << agent.out;
  EXPECT_THAT(agent.out, ContainsRegex(R"("listen":"127\.0\.0\.1:[1-9][0-9]*")"));
}

TEST_F(AgentProcess, ClientsThatSayNothingHoldItsListenerForAFewSecondsTogether) {
  const Process agent(run({"--listen", listen_}));
  ASSERT_TRUE(get("/healthz"));
  std::vector<Fd> silent;
  sockaddr_in address{.sin_family = AF_INET,
                      .sin_port = htons(kPort),
                      .sin_addr = {htonl(INADDR_LOOPBACK)},
                      .sin_zero = {}};
  for (int i = 0; i < 200; ++i) {
    silent.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(silent.back().get(), reinterpret_cast<sockaddr*>(&address), sizeof address),
              0);
  }
  // one after another they would take minutes
  ASSERT_TRUE(get("/healthz"));
}

TEST_F(AgentProcess, GoesRoundAgainAfterThePeriod) {
  const Process agent(run({"--listen", listen_, "--period", "1"}));
  const auto deadline = steady_clock::now() + std::chrono::seconds(20);
  while (get("/metrics")->body.find("smc_node_rounds_total{result=\"not_ready\"} 3") ==
         std::string::npos)
    ASSERT_LT(steady_clock::now(), deadline);
}

TEST_F(AgentProcess, EndsAtOnceOnASignal) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Process agent(run({"--listen", listen_, "--period", "3600"}));
    ASSERT_TRUE(get("/healthz"));
    agent.signal(signal);
    EXPECT_EQ(agent.wait(), 0) << agent.out;
    // Not by its watchdog, which says so, nor after the period.
    EXPECT_THAT(agent.out, HasSubstr("\"event\":\"stopped\""));
  }
}

TEST_F(AgentProcess, AnAddressThatIsTakenIsRefusedAndAWrongOneIsUsage) {
  const Process first(run({"--listen", listen_}));
  ASSERT_TRUE(get("/healthz"));
  Process second(run({"--listen", listen_}));
  EXPECT_EQ(second.wait(), 3) << second.out;
  EXPECT_THAT(second.out, ContainsRegex("error: .*Address already in use.*\nhint: .*--listen"));
  for (const char* wrong : {"nonsense", "127.0.0.1:99999", "127.0.0.1:", "[]:9470"}) {
    Process agent(run({"--listen", wrong}));
    EXPECT_EQ(agent.wait(), 1) << agent.out;
    EXPECT_THAT(agent.out, ContainsRegex("error: .*\nhint: "));
  }
}

TEST_F(AgentProcess, OneRoundElsewhereThanOnTheNodeIsNotPossibleAndChangesNothing) {
  for (const char* how : {"--once", "--dry-run"}) {
    Process agent(run({how, "--pnetid", "NET", "--ueid", "SMC-TEST"}));
    EXPECT_EQ(agent.wait(), 2) << agent.out;
    EXPECT_THAT(agent.out, ContainsRegex("FAIL +namespace .* hint: .*hostNetwork"));
  }
  EXPECT_FALSE(std::filesystem::exists(directory_.file("state/own.json")));
}

TEST_F(AgentProcess, UninstallWithoutAnythingOfItsOwnIsDone) {
  Process agent({"uninstall", "--state-dir", directory_.file("state")});
  EXPECT_EQ(agent.wait(), 0) << agent.out;
  EXPECT_THAT(agent.out, HasSubstr("nothing of its own"));
}

TEST_F(AgentProcess, WrongUsageIsOneWithAHint) {
  const std::vector<std::vector<std::string>> wrong = {{},
                                                       {"nonsense"},
                                                       {"run", "x"},
                                                       {"run", "--period", "0"},
                                                       {"run", "--pnetid", "SEVENTEENLETTERSX"},
                                                       {"run", "--ueid", "with space"},
                                                       {"run", "--log-level", "loud"},
                                                       {"run", "--programs", "maybe"},
                                                       {"run", "--expected-pods", "0"},
                                                       {"uninstall", "--pnetid", "A"}};
  for (const auto& words : wrong) {
    Process agent(words);
    EXPECT_EQ(agent.wait(), 1) << agent.out;
    EXPECT_THAT(agent.out, ContainsRegex("error: .*\nhint: ")) << testing::PrintToString(words);
  }
}

}  // namespace
}  // namespace smc::node
