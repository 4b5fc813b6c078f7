#include "node-init/agent/pod_setups.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/log.h"
#include "node-init/pod/destination_step.h"
#include "node-init/pod/pod_wait.h"

namespace smc::node {
namespace {

std::int64_t milliseconds_of(Clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

// Puts the namespace that is being set up on the list.
class OnSwitchList final : public SwitchList {
 public:
  OnSwitchList(System& system, BpfSwitch& bpf, std::uint64_t inode)
      : system_(system), bpf_(bpf), inode_(inode) {}

  Result<void> add_this_namespace() override {
    const auto cookie = system_.net_namespace_cookie();
    if (!cookie) return cookie.error();
    return bpf_.add({*cookie, inode_});
  }

 private:
  System& system_;
  BpfSwitch& bpf_;
  const std::uint64_t inode_;
};

}  // namespace

PodSetups::PodSetups(System& system, std::string cgroup_root, const PodRequests& requests,
                     EventFd& requests_changed, DestinationLists& lists, BpfSwitch* bpf)
    : system_(system),
      requests_(requests),
      requests_changed_(requests_changed),
      lists_(lists),
      bpf_(bpf),
      cgroups_(system, std::move(cgroup_root)),
      next_look_(system.now()) {}

Clock::time_point PodSetups::due() const {
  if (!active_) return Clock::time_point::max();
  auto first = next_look_;
  for (const auto& [uid, pod] : pods_) first = std::min(first, pod.due);
  return first;
}

void PodSetups::round_ended(bool ready, bool active) {
  const bool woken = active_.exchange(active) != active;
  if (ready_.exchange(ready) != ready && ready) became_ready_ = true;
  if (woken || became_ready_) wake_.raise();
}

EarlyContainers PodSetups::early_containers() const {
  const std::lock_guard lock(mutex_);
  return early_;
}

PodSetupCounters PodSetups::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}

void PodSetups::work() {
  (void)wake_.take();
  if (requests_changed_.take()) ask_again_ = true;
  if (!active_) return;
  follow_switch();
  const auto now = system_.now();
  if (now >= next_look_) look_at_all();
  take_events();
  const bool changed = std::exchange(ask_again_, false);
  const bool again = became_ready_.exchange(false);
  for (auto& [uid, pod] : pods_) {
    if (changed && !pod.requested) hasten(uid, now);
    if (again && pod.failures != 0) pod.due = now;
  }
  // Whoever has failed least comes first.
  std::vector<std::pair<int, std::string>> order;
  for (const auto& [uid, pod] : pods_)
    if (pod.due <= now) order.emplace_back(pod.failures, uid);
  std::ranges::sort(order);
  for (const auto& [failures, uid] : order) {
    if (!active_) return;
    look(uid, pods_.at(uid));
    // What has come meanwhile has not failed yet.
    if (failures != 0) break;
  }
}

void PodSetups::take_events() {
  const auto now = system_.now();
  for (const std::string& uid : cgroups_.take()) hasten(uid, now);
}

// Something has appeared in the pod. One that has failed keeps its pause, however often its
// containers start.
void PodSetups::hasten(const std::string& uid, Clock::time_point now) {
  Pod& pod = pods_[uid];
  pod.look_until = now + kLookFor;
  if (pod.failures == 0) pod.due = now;
}

// Once the switch is there, more pods need the agent; where its list was made anew, all do.
void PodSetups::follow_switch() {
  if (bpf_ == nullptr) return;
  if (std::exchange(switch_in_force_, bpf_->in_force()) != switch_in_force_) ask_again_ = true;
  if (std::exchange(switch_generation_, bpf_->generation()) == switch_generation_) return;
  const auto now = system_.now();
  for (auto& [uid, pod] : pods_) {
    pod.inode = 0;
    hasten(uid, now);
  }
}

// Whether the agent sets the pod up, and not its own container.
bool PodSetups::is_agents(const PodRequest& request) const {
  if (!request.privileged) return true;
  return bpf_ != nullptr && bpf_->in_force() && request.options.programs == Programs::kSwitch;
}

std::optional<PodRequest> PodSetups::request_of(const std::string& uid) const {
  auto request = requests_.request_of(uid);
  if (request && !is_agents(*request) && request->options.exclude_destinations.empty())
    return std::nullopt;
  return request;
}

void PodSetups::look_at_all() {
  const auto now = system_.now();
  (void)cgroups_.look();
  if (const std::string& problem = cgroups_.problem(); problem != problem_) {
    problem_ = problem;
    if (!problem.empty())
      log::warn("pods' control groups cannot be watched: looks at all processes instead",
                {{"error", problem},
                 {"hint", "mount the node's /sys/fs/cgroup at the same place below --host-root"}});
  }
  next_look_ = now + (problem_.empty() ? kPeriod : kPeriodWithoutEvents);
  find_without_cgroups();
  forget_gone();
  forget_gone_lists();
  for (auto& [uid, pod] : pods_) {
    const auto space = pod.inode == 0 ? std::nullopt : space_of(uid, cgroups_.containers(uid));
    if (pod.inode == 0 || (space && space->inode != pod.inode)) hasten(uid, now);
  }
}

void PodSetups::find_without_cgroups() {
  found_.clear();
  if (problem_.empty()) return;
  const auto spaces = find_net_namespaces(system_);
  if (!spaces) return;  // the agent's own look at pods says why
  // Each pod's first is the one that it was made in.
  for (const PodNamespace& space : spaces->of_pods) found_.emplace(space.pod_uid, space);
}

void PodSetups::forget_gone() {
  std::map<std::string, Pod> there;
  const auto keep = [&](const std::string& uid) { there[uid] = std::move(pods_[uid]); };
  for (const std::string& uid : cgroups_.pods()) keep(uid);
  for (const auto& [uid, space] : found_)
    if (!there.contains(uid)) keep(uid);
  pods_ = std::move(there);
  const std::lock_guard lock(mutex_);
  std::erase_if(early_, [this](const auto& pod) { return !pods_.contains(pod.first); });
}

// Of namespaces that nothing is in any more.
void PodSetups::forget_gone_lists() {
  if (lists_.use().entries == 0) return;
  const auto inodes = live_net_namespaces(system_);
  if (!inodes) return;  // the agent's own look at pods says why
  if (const auto kept = lists_.keep(*inodes); !kept)
    log::error("lists of namespaces that are gone stay in the kernel", kept.error());
}

std::optional<PodNamespace> PodSetups::space_of(const std::string& uid,
                                                const Groups& groups) const {
  std::vector<std::string> processes;
  for (const auto& [name, own] : groups) std::ranges::copy(own, std::back_inserter(processes));
  if (auto space = find_pod_namespace(system_, uid, processes)) return space;
  const auto found = found_.find(uid);
  return found == found_.end() ? std::nullopt : std::optional(found->second);
}

void PodSetups::look(const std::string& uid, Pod& pod) {
  const auto now = system_.now();
  pod.due = Clock::time_point::max();
  const auto request = request_of(uid);
  pod.requested = request.has_value();
  const Groups groups = request ? cgroups_.containers(uid) : Groups();
  if (const auto space = request ? space_of(uid, groups) : std::nullopt)
    return set_up(uid, *request, *space, pod);
  pod.failures = 0;  // whatever failed is gone
  if (!groups.empty() && now < pod.look_until) pod.due = now + kLook;
}

// Nothing where nothing is left to do.
std::optional<PodReport> PodSetups::set_up_unless_done(const PodOptions& options) {
  if (is_set_up(judge_pod(system_, options))) return std::nullopt;
  return set_up_pod(system_, options, [](const PodStep&) {});
}

std::optional<PodReport> PodSetups::exclude_unless_done(PodOptions options) {
  options.dry_run = true;
  if (exclude_destinations(system_, options).outcome != StepOutcome::kPlanned) return std::nullopt;
  options.dry_run = false;
  const DestinationStep step = exclude_destinations(system_, options);
  PodReport report;
  report.code = step.code;
  report.steps = {{5, kDestinationsStep, step.outcome, step.text, step.hint}};
  return report;
}

void PodSetups::set_up(const std::string& uid, const PodRequest& request, const PodNamespace& space,
                       Pod& pod) {
  const auto begin = system_.now();
  std::optional<PodReport> report;
  PodOptions options = request.options;
  options.lists = &lists_;
  const bool whole = is_agents(request);
  std::optional<OnSwitchList> list;
  if (bpf_ != nullptr) options.switch_list = &list.emplace(system_, *bpf_, space.inode);
  const auto entered = inside(system_, space, [&]() -> Result<void> {
    report = whole ? set_up_unless_done(options) : exclude_unless_done(options);
    return {};
  });
  const auto took = system_.now() - begin;
  if (!entered) {
    PodReport refused;
    refused.code = ExitCode::kRefused;
    refused.steps = {
        {1, kNamespaceStep, StepOutcome::kFailed, entered.error().text(), entered.error().hint}};
    return failed(request, refused, took, pod);
  }
  if (!*entered) {  // its processes have ended: the next event, or look, finds others
    pod.failures = 0;
    found_.erase(uid);
    return;
  }
  if (report && report->code != ExitCode::kDone) return failed(request, *report, took, pod);
  pod.inode = space.inode;
  pod.failures = 0;
  pod.failure.clear();
  if (report && !whole)
    log::info("destinations excluded", {{"namespace", request.name.ns},
                                        {"pod", request.name.name},
                                        {"list", text_of(request.options.exclude_destinations)}});
  else if (report)
    succeeded(uid, request, *report, took);
}

void PodSetups::succeeded(const std::string& uid, const PodRequest& request,
                          const PodReport& report, Clock::duration took) {
  std::set<std::string> early;
  for (const auto& [name, processes] : cgroups_.containers(uid))
    if (!processes.empty()) early.insert(name);
  log::info("pod set up", {{"namespace", request.name.ns},
                           {"pod", request.name.name},
                           {"pnetid", report.pnetid},
                           {"device", report.device},
                           {"took_ms", milliseconds_of(took)}});
  const std::lock_guard lock(mutex_);
  early_[uid] = std::move(early);
  ++counters_.done;
}

void PodSetups::failed(const PodRequest& request, const PodReport& report, Clock::duration took,
                       Pod& pod) {
  constexpr int kMostDoublings = 16;  // past kLongestPause, and no overflow
  const Clock::duration doubled = kFirstPause * (1 << std::min(pod.failures, kMostDoublings));
  const Clock::duration pause = std::min<Clock::duration>(doubled, kLongestPause);
  pod.due = system_.now() + std::max<Clock::duration>(pause, took * kPausePerDuration);
  ++pod.failures;
  {
    const std::lock_guard lock(mutex_);
    ++counters_.failed;
  }
  const PodStep& step = report.steps.back();
  if (std::exchange(pod.failure, step.text) == step.text) return;
  log::warn("pod could not be set up", {{"namespace", request.name.ns},
                                        {"pod", request.name.name},
                                        {"step", step.name},
                                        {"error", step.text},
                                        {"hint", step.hint}});
}

}  // namespace smc::node
