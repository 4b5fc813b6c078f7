#include "node-init/agent/agent.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include <poll.h>

#include "base/log.h"

namespace smc::node {
namespace {

// A round and a look at 1,000 namespaces take far less; only a call that never comes back takes
// this long.
constexpr std::chrono::seconds kStuck{60};

bool readable(int fd) {
  pollfd wait{fd, POLLIN, 0};
  return ::poll(&wait, 1, 0) > 0;
}

void log_steps(const NodeReport& report) {
  for (const SetupStep& step : report.steps)
    log::info(step.repair ? "repaired" : "set up", {{"step", step.text}});
}

// Those checks that need a reader and were not there before.
void log_changes(const std::vector<CheckResult>& before, const std::vector<CheckResult>& now) {
  for (const CheckResult& result : now) {
    if (std::ranges::find(before, result) != before.end()) continue;
    if (result.verdict == Verdict::kPass) {
      log::info("check",
                {{"check", result.name}, {"verdict", "PASS"}, {"finding", result.finding}});
    } else {
      log::warn("check", {{"check", result.name},
                          {"verdict", verdict_name(result.verdict)},
                          {"finding", result.finding},
                          {"hint", result.hint}});
    }
  }
}

// Each pod with namespaces that are not looked into, once.
void log_dropped(const Observation& before, const Observation& now, const PodDirectory& pods) {
  for (const auto& [uid, count] : now.dropped) {
    if (before.dropped.contains(uid)) continue;
    const PodName name = pods.name_of(uid);
    log::warn("a pod has more network namespaces than are observed",
              {{"namespace", name.ns}, {"pod", name.name}, {"pod_uid", uid}, {"dropped", count}});
  }
}

std::set<int> interfaces_of(const NodeReport& report) {
  std::set<int> all;
  for (const PortState& port : report.ports) all.insert(port.ifindex);
  return all;
}

}  // namespace

Agent::Agent(System& system, OwnRecordFile record, AgentOptions options, const PodDirectory& pods)
    : system_(system),
      record_(std::move(record)),
      options_(std::move(options)),
      pods_(pods),
      events_(system),
      observer_(system),
      pacer_(options_.period, system.now()),
      next_observation_(system.now()),
      published_(std::make_shared<AgentSnapshot>()),
      alive_(system.now()) {}

void Agent::run(int stop_fd) {
  do {
    if (system_.now() >= pacer_.next()) round();
    if (system_.now() >= next_observation_ && !readable(stop_fd)) observe(stop_fd);
  } while (wait(stop_fd));
}

void Agent::round() {
  events_.open();
  NodeReport report = run_node_round(system_, record_, options_.round);
  log_steps(report);
  log_changes(current_.report.checks, report.checks);
  for (const SetupStep& step : report.steps) ++current_.counters.steps[{step.kind, step.repair}];
  ++current_.counters.rounds[report.exit_code()];
  const bool repaired = std::ranges::any_of(report.steps, &SetupStep::repair);
  pacer_.round_ended(system_.now(), !report.refused && !repaired);
  current_.report = std::move(report);
  current_.last_round = system_.wall_time();
  publish();
}

void Agent::observe(int stop_fd) {
  const auto begin = system_.now();
  auto observation = observer_.observe([stop_fd] { return readable(stop_fd); });
  if (observation) {
    if (observation->problem != current_.observation.problem && observation->problems != 0)
      log::warn("a namespace could not be read",
                {{"error", observation->problem}, {"namespaces", observation->problems}});
    log_dropped(current_.observation, *observation, pods_);
    current_.observation = std::move(*observation);
    current_.observed = true;
    observation_error_.clear();
  } else if (observation.error().text() != observation_error_) {
    log::error("pods could not be observed", observation.error());
    observation_error_ = observation.error().text();
  }
  const auto end = system_.now();
  current_.observation_took = end - begin;
  next_observation_ = end + options_.period;
  publish();
}

bool Agent::wait(int stop_fd) {
  while (true) {
    const auto left = std::min(pacer_.next(), next_observation_) - system_.now();
    if (left <= Clock::duration::zero()) return !readable(stop_fd);
    std::vector<pollfd> waited = {{stop_fd, POLLIN, 0}};
    for (const int fd : events_.descriptors()) waited.push_back({fd, POLLIN, 0});
    const auto timeout = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    const int ready = ::poll(waited.data(), waited.size(), static_cast<int>(timeout));
    if (waited.front().revents != 0) return false;
    if (ready <= 0) continue;
    if (events_.drain(interfaces_of(current_.report))) pacer_.event(system_.now());
  }
}

void Agent::publish() {
  if (options_.complete) options_.complete(current_);
  const auto copy = std::make_shared<const AgentSnapshot>(current_);
  if (options_.on_publish) options_.on_publish(copy);
  const std::lock_guard lock(mutex_);
  published_ = copy;
  alive_ = system_.now();
}

std::shared_ptr<const AgentSnapshot> Agent::snapshot() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

std::string Agent::metrics() const {
  return metrics_text(*snapshot(), pods_);
}

std::string Agent::unhealthy() const {
  const std::lock_guard lock(mutex_);
  const auto silent = system_.now() - alive_;
  if (silent < options_.period + kStuck) return "";
  return "stuck: no round came to an end for " +
         std::to_string(std::chrono::duration_cast<std::chrono::seconds>(silent).count()) + " s\n";
}

std::string Agent::not_ready() const {
  const auto now = snapshot();
  if (now->report.checks.empty()) return "the first round is not over\n";
  std::string reasons;
  for (const CheckResult& result : now->report.checks)
    if (result.verdict == Verdict::kFail) reasons += result.name + ": " + result.finding + "\n";
  return reasons;
}

}  // namespace smc::node
