#include "node-init/agent/cluster/events.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <functional>
#include <utility>

namespace smc::node {
namespace {

using nlohmann::json;
using std::chrono::system_clock;

constexpr const char* kComponent = "smc-node-agent";

// Names of objects have at most 253 characters; this leaves room for what is put behind.
constexpr std::size_t kMaxStem = 200;

std::string stem(std::string name) {
  name.resize(std::min(name.size(), kMaxStem));
  while (name.ends_with('.') || name.ends_with('-')) name.pop_back();
  return name;
}

std::string hex(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

// As metav1.Time is written.
std::string timestamp(system_clock::time_point at) {
  const std::time_t seconds = system_clock::to_time_t(at);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

struct Words {
  const char* type;
  const char* reason;
  std::string message;
};

Event make_event(const std::string& name, const json& about, const std::string& ns,
                 const std::string& host, const Words& words, system_clock::time_point at) {
  const std::string time = timestamp(at);
  return {ns,
          {{"apiVersion", "v1"},
           {"kind", "Event"},
           {"metadata", {{"name", name}, {"namespace", ns}}},
           {"involvedObject", about},
           {"type", words.type},
           {"reason", words.reason},
           {"message", words.message},
           {"source", {{"component", kComponent}, {"host", host}}},
           {"reportingComponent", kComponent},
           {"reportingInstance", host},
           {"firstTimestamp", time},
           {"lastTimestamp", time},
           {"count", 1}}};
}

}  // namespace

Event node_event(const json& node, bool ready, const std::string& reasons,
                 system_clock::time_point at) {
  const std::string name = node.at("metadata").value("name", "");
  const json about = {{"apiVersion", "v1"},
                      {"kind", "Node"},
                      {"name", name},
                      {"uid", node.at("metadata").value("uid", "")}};
  const auto nanoseconds =
      std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
  const Words words = ready ? Words{"Normal", "SmcReady", "pods of this node can use SMC-R"}
                            : Words{"Warning", "SmcNotReady", reasons};
  // Kubernetes keeps the events of objects without a namespace in this one.
  return make_event(stem(name) + "." + hex(static_cast<std::uint64_t>(nanoseconds)), about,
                    "default", name, words, at);
}

Event pod_event(const Finding& finding, const std::string& node, system_clock::time_point at) {
  const PodFacts& pod = finding.pod;
  const json about = {{"apiVersion", "v1"},
                      {"kind", "Pod"},
                      {"namespace", pod.ns},
                      {"name", pod.name},
                      {"uid", pod.uid}};
  const std::string reason(reason_name(finding.reason));
  const auto identity = std::hash<std::string>()(pod.uid + "/" + reason);
  return make_event(
      stem(pod.name) + ".smc-" + hex(identity), about, pod.ns, node,
      {"Warning", "SmcNotSetUp", reason + ": " + std::string(reason_text(finding.reason))}, at);
}

bool is_passing(const kube::ApiError& error) {
  if (error.failure != kube::Failure::kStatus) return true;
  return error.status == 401 || error.status == 429 || error.status >= 500;
}

void EventQueue::add(Event event) {
  queue_.push_back(std::move(event));
  if (queue_.size() <= kMost) return;
  queue_.pop_front();
  ++dropped_;
}

double EventQueue::tokens(Clock::time_point now) const {
  const std::chrono::duration<double> passed = now - refilled_;
  return std::min(kBurst, tokens_ + passed / std::chrono::duration<double>(kRefill));
}

Clock::time_point EventQueue::due(Clock::time_point now) const {
  const double missing = 1 - tokens(now);
  if (missing <= 0) return now;
  return now + std::chrono::ceil<Clock::duration>(missing * std::chrono::duration<double>(kRefill));
}

kube::Outcome<void> EventQueue::flush(kube::Client& client, Clock::time_point now) {
  tokens_ = tokens(now);
  refilled_ = now;
  while (!queue_.empty() && tokens_ >= 1) {
    const Event& event = queue_.front();
    const auto made = client.create({kube::kEvents, event.ns, "", ""}, event.object);
    if (!made && is_passing(made.error())) return made.error();
    tokens_ -= 1;
    queue_.pop_front();
    // Told already, by this agent or the one before it.
    if (!made && made.error().conflict()) continue;
    if (!made) {
      ++dropped_;
      return made.error();
    }
  }
  return {};
}

}  // namespace smc::node
