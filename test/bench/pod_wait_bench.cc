// pod_wait_bench PODS [PERIOD_MS]: how long a pod's container waits for the agent to set its
// network namespace up. Control groups, processes and network namespaces are real, SMC is played
// (test/e2e-kube/played_kernel.cc). Makes PODS pods, one each PERIOD_MS (default 0: a burst), whose
// containers begin to wait as soon as the sandbox is in its namespace, which is sooner than any
// runtime starts one. Needs root, a writable tree of control groups, and to see the namespace of
// process 1 (unshare --pid --fork --mount-proc); prints one line of JSON.
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "node-init/agent/daemon/agent_system.h"
#include "node-init/agent/pod_setup_thread.h"
#include "node-init/agent/pod_setups.h"
#include "node-init/pod/pod_wait.h"

namespace smc::node {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr milliseconds kLongest{60'000};  // what an init container waits

class Requests final : public PodRequests {
 public:
  std::optional<PodRequest> request_of(const std::string& uid) const override {
    PodOptions options;
    options.test_first = true;
    options.self_test = SelfTestMode::kOn;
    return PodRequest{{"bench", uid}, options};
  }
};

// Version 2, or one tree of version 1.
fs::path cgroup_tree() {
  const fs::path root = "/sys/fs/cgroup";
  return fs::exists(root / "cgroup.controllers") ? root : root / "pids";
}

// A process in `group` that then gets a network namespace of its own, as a sandbox's first one.
pid_t start_sandbox(const fs::path& group) {
  std::array<int, 2> made{};
  if (::pipe2(made.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  const std::string procs = group / "cgroup.procs";
  const pid_t child = ::fork();
  if (child == 0) {
    const int fd = ::open(procs.c_str(), O_WRONLY);
    if (fd < 0 || ::write(fd, "0", 1) != 1 || ::unshare(CLONE_NEWNET) != 0) ::_exit(1);
    if (::write(made[1], "x", 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  ::close(made[1]);
  char byte = 0;
  const bool there = child > 0 && ::read(made[0], &byte, 1) == 1;
  ::close(made[0]);
  if (!there) throw std::runtime_error("a sandbox could not be made: root is needed");
  return child;
}

milliseconds wait_for(System& system, pid_t sandbox) {
  const std::string ns = "/proc/" + std::to_string(sandbox) + "/ns/net";
  const auto begin = Clock::now();
  while (true) {
    bool done = false;
    (void)system.in_net_namespace(ns, [&]() -> Result<void> {
      done = is_set_up(judge_pod(system, {}));
      return {};
    });
    const auto waited = std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
    if (done || waited > kLongest) return waited;
    // As the container does, see pod_wait.cc.
    std::this_thread::sleep_for(std::clamp(waited / 10, milliseconds(5), milliseconds(1'000)));
  }
}

struct Pod {
  fs::path path;
  pid_t sandbox = 0;
  milliseconds waited{0};
  std::thread waiter;
};

void report(std::vector<Pod>& pods) {
  std::vector<long> waits;
  for (const Pod& pod : pods) waits.push_back(static_cast<long>(pod.waited.count()));
  std::ranges::sort(waits);
  const auto missed = std::ranges::count_if(waits, [](long w) { return w > kLongest.count(); });
  std::printf("{\"pods\":%zu,\"missed\":%ld,\"medianMs\":%ld,\"p99Ms\":%ld,\"maxMs\":%ld}\n",
              waits.size(), static_cast<long>(missed), waits[waits.size() / 2],
              waits[waits.size() * 99 / 100], waits.back());
}

int run(std::size_t count, milliseconds period) {
  const fs::path work =
      fs::temp_directory_path() / ("pod_wait_bench." + std::to_string(::getpid()));
  const fs::path tree = cgroup_tree() / work.filename();
  const fs::path parent = tree / "kubepods/burstable";
  fs::create_directories(work);
  fs::create_directories(parent);
  std::ofstream(work / "n.json") << R"({"device":true,"switch":true})";
  std::ofstream(work / "n.tables.json")
      << R"({"ueids":["BENCH"],"pnetids":[{"pnetid":"PNA","device":"rdma0","port":1}]})";
  ::setenv("SMC_PLAYED_KERNEL", work.c_str(), 1);
  ::setenv("NODE_NAME", "n", 1);
  log::set_level(log::Level::kWarn);
  std::vector<Pod> pods(count);
  {
    const auto system = make_agent_system({});
    const Requests requests;
    EventFd changed;
    const auto lists = make_agent_lists(*system);  // none is asked for
    PodSetups setups(*system, tree, requests, changed, *lists);
    setups.round_ended(true, true);
    PodSetupThread thread(*system, setups);
    std::this_thread::sleep_for(milliseconds(200));  // the first look
    for (std::size_t i = 0; i < count; ++i) {
      Pod& pod = pods[i];
      char uid[64];
      std::snprintf(uid, sizeof uid, "%08zx-11aa-4b2c-9d3e-5f60718293a4", i);
      pod.path = parent / (std::string("pod") + uid);
      fs::create_directory(pod.path);
      fs::create_directory(pod.path / "sandbox");
      pod.sandbox = start_sandbox(pod.path / "sandbox");
      pod.waiter = std::thread([&system, &pod] { pod.waited = wait_for(*system, pod.sandbox); });
      std::this_thread::sleep_for(period);
    }
    for (Pod& pod : pods) pod.waiter.join();
  }
  report(pods);
  for (Pod& pod : pods) {
    ::kill(pod.sandbox, SIGKILL);
    ::waitpid(pod.sandbox, nullptr, 0);
    std::error_code kept;
    for (const fs::path& path : {pod.path / "sandbox", pod.path}) fs::remove(path, kept);
  }
  for (const fs::path& path : {parent, parent.parent_path(), tree}) ::rmdir(path.c_str());
  fs::remove_all(work);
  return 0;
}

}  // namespace
}  // namespace smc::node

int main(int argc, char** argv) {
  if (argc < 2 || std::atoi(argv[1]) < 1) {
    std::fprintf(stderr, "usage: pod_wait_bench PODS [PERIOD_MS]\n");
    return 1;
  }
  try {
    return smc::node::run(static_cast<std::size_t>(std::atoi(argv[1])),
                          std::chrono::milliseconds(argc > 2 ? std::atoi(argv[2]) : 0));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "pod_wait_bench: %s\n", error.what());
    return 2;
  }
}
