// Sets up the network namespaces of the pods that ask the agent for it, each as soon as its sandbox
// is there: with the steps of `smc-node-init pod`, the self-test first. Nothing is remembered that
// the kernel does not show: a namespace is looked at before it is set up, so an agent that starts,
// or a second one, does nothing twice.
//
// work() and what it uses belong to one thread (pod_setup_thread.h); each namespace is entered on a
// thread of its own. The functions below "any thread" are for any.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/event_fd.h"
#include "node-init/agent/net_namespaces.h"
#include "node-init/agent/pod_cgroup_watch.h"
#include "node-init/agent/pod_requests.h"
#include "node-init/bpf/bpf_switch.h"
#include "node-init/kernel/system.h"
#include "node-init/pod/pod.h"

namespace smc::node {

// By a pod's UID the names of the control groups of those of its containers that had processes
// before its namespace was set up, its sandbox among them.
using EarlyContainers = std::map<std::string, std::set<std::string>>;

struct PodSetupCounters {
  std::uint64_t done = 0;    // namespaces that this agent set up
  std::uint64_t failed = 0;  // attempts that were refused, or whose self-test found TCP
};

class PodSetups {
 public:
  // Between two looks at everything, for what no event told. Where the control groups cannot be
  // watched, these looks are all there is.
  static constexpr std::chrono::seconds kPeriod{10};
  static constexpr std::chrono::seconds kPeriodWithoutEvents{1};
  // A sandbox's first process is in the node's namespace at first, for some milliseconds.
  static constexpr std::chrono::milliseconds kLook{3};
  static constexpr std::chrono::seconds kLookFor{2};
  // A set-up that fails is tried again after this, twice as long each time up to kLongestPause, and
  // ten times as long as it took: a pod whose self-test hangs has a tenth of the thread at most.
  static constexpr std::chrono::milliseconds kFirstPause{20};
  static constexpr std::chrono::seconds kLongestPause{30};
  static constexpr int kPausePerDuration = 10;

  // `requests_changed` is raised where they may have, and is taken down here alone. `lists`: of
  // excluded destinations. `bpf`: the BPF switch, or none. All must outlive it.
  PodSetups(System& system, std::string cgroup_root, const PodRequests& requests,
            EventFd& requests_changed, DestinationLists& lists, BpfSwitch* bpf = nullptr);

  // Does what is due.
  void work();
  Clock::time_point due() const;
  // For poll(): one is readable when there is work before due(). -1: none.
  std::array<int, 3> descriptors() const {
    return {wake_.fd(), requests_changed_.fd(), cgroups_.descriptor()};
  }

  // --- any thread
  // A round of the agent has ended: nothing is set up before the first one. `ready`: its verdict;
  // `active`: false where the agent was uninstalled.
  void round_ended(bool ready, bool active);
  EarlyContainers early_containers() const;
  PodSetupCounters counters() const;

 private:
  using Groups = std::map<std::string, std::vector<std::string>>;
  struct Pod {
    bool requested = false;   // as last asked
    std::uint64_t inode = 0;  // of the namespace that was found set up; 0: none
    Clock::time_point due = Clock::time_point::max();
    Clock::time_point look_until;  // for the first process in a namespace of the pod's own
    int failures = 0;
    std::string failure;  // as last logged
  };

  void take_events();
  void look_at_all();
  void find_without_cgroups();
  void follow_switch();
  std::optional<PodRequest> request_of(const std::string& uid) const;
  void forget_gone_lists();
  void forget_gone();
  std::optional<PodNamespace> space_of(const std::string& uid, const Groups& groups) const;
  void hasten(const std::string& uid, Clock::time_point now);
  void look(const std::string& uid, Pod& pod);
  bool is_agents(const PodRequest& request) const;
  std::optional<PodReport> set_up_unless_done(const PodOptions& options);
  std::optional<PodReport> exclude_unless_done(PodOptions options);
  void set_up(const std::string& uid, const PodRequest& request, const PodNamespace& space,
              Pod& pod);
  void succeeded(const std::string& uid, const PodRequest& request, const PodReport& report,
                 Clock::duration took);
  void failed(const PodRequest& request, const PodReport& report, Clock::duration took, Pod& pod);

  System& system_;
  const PodRequests& requests_;
  EventFd& requests_changed_;
  DestinationLists& lists_;
  BpfSwitch* const bpf_;
  bool switch_in_force_ = false;  // as last seen
  int switch_generation_ = 0;     // as last seen
  PodCgroupWatch cgroups_;
  std::map<std::string, Pod> pods_;            // by UID
  std::map<std::string, PodNamespace> found_;  // by UID, where control groups cannot be watched
  Clock::time_point next_look_;
  bool ask_again_ = false;  // for the requests of pods that had none
  std::string problem_;     // of the watch, as last logged

  EventFd wake_;
  std::atomic<bool> active_{false};
  std::atomic<bool> ready_{false};
  std::atomic<bool> became_ready_{false};
  mutable std::mutex mutex_;
  EarlyContainers early_;      // guarded by mutex_
  PodSetupCounters counters_;  // guarded by mutex_
};

}  // namespace smc::node
