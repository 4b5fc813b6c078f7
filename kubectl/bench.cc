#include "kubectl/bench.h"

#include <algorithm>
#include <array>
#include <random>
#include <set>

#include "base/json_value.h"
#include "base/keys.h"
#include "kubectl/objects.h"

namespace smc::kubectl {
namespace {

using kube::Outcome;
using nlohmann::json;
using std::chrono::seconds;

// Image pull, sandbox and the init container's set-up; a node that takes longer is in trouble.
constexpr seconds kTimeToStart{180};
// A load's start, its warm-up and its last answers.
constexpr seconds kBesideTheRun{60};
constexpr std::chrono::milliseconds kPeriod{500};
// A pod that cannot be placed may be so for a moment: the node's label comes, the other pod goes.
// The same time for an API server or kubelet that does not answer: one restart of it.
constexpr seconds kPatience{15};

// Five letters and digits without those that look alike, as Kubernetes' own names end.
std::string random_suffix() {
  constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
  std::random_device random;
  std::string out;
  for (int i = 0; i < 5; ++i) out += kLetters[random() % kLetters.size()];
  return out;
}

kube::Target pods_of(const std::string& ns, const std::string& name = {}) {
  return {kube::kPods, ns, name, ""};
}

kube::Target target_of(const json& pod) {
  return pods_of(namespace_of(pod), text_at(pod, "/metadata/name"));
}

// Ready by its readiness probe: a container that runs need not listen yet.
bool serves(const json& pod) {
  return is_ready(pod) && !text_at(pod, "/status/podIP").empty();
}

bool has_ended(const json& pod) {
  const std::string phase = text_at(pod, "/status/phase");
  return phase == "Succeeded" || phase == "Failed";
}

kube::ApiError failed(const Error& error) {
  return kube::make_error(kube::Failure::kAnswer, error.what, error.hint);
}

kube::ApiError stopped() {
  return kube::make_error(kube::Failure::kStopped, "interrupted");
}

}  // namespace

Bench::Bench(kube::Client& client, const kube::Stop& stop, const BenchOptions& options,
             Listener progress, Listener remark)
    : client_(client),
      stop_(stop),
      options_(options),
      progress_(std::move(progress)),
      remark_(std::move(remark)) {}

Outcome<BenchResults> Bench::run_pair(const std::string& image, const std::string& secrets) {
  if (const auto made = make_namespace(secrets); !made) return made.error();
  BenchRun run;
  run.ns = own_namespace_;
  run.image = image;
  run.pull_secret = options_.pull_secret;
  return rounds(run, [&](const BenchRun& one) { return measure_pair(one); });
}

// The Secret is read first: without it there is nothing to make.
Outcome<void> Bench::make_namespace(const std::string& secrets) {
  const std::string ns = "smc-bench-" + random_suffix();
  std::optional<json> secret;
  if (!options_.pull_secret.empty()) {
    const auto found = client_.get({kube::kSecrets, secrets, options_.pull_secret, ""});
    if (!found) return found.error();
    auto copy = copy_of_pull_secret(*found, ns);
    if (!copy) return failed(copy.error());
    secret = std::move(*copy);
  }
  progress_("making namespace " + ns);
  own_namespace_ = ns;  // even if the answer is lost
  auto made = client_.create({kube::kNamespaces, "", "", ""}, bench_namespace(ns));
  if (made && secret) made = client_.create({kube::kSecrets, ns, "", ""}, *secret);
  if (!made) return made.error();
  return {};
}

Outcome<BenchResults> Bench::run_beside(const std::string& image, const std::vector<json>& pods) {
  const auto pod = on_node_for_smc(pods);
  if (!pod) return pod.error();
  BenchRun run;
  run.ns = namespace_of(*pod);
  run.image = image;
  run.pull_secret = options_.pull_secret;
  run.node = text_at(*pod, "/spec/nodeName");
  run.url = options_.url;
  return rounds(run, [&](const BenchRun& one) { return measure(one); });
}

Outcome<BenchResults> Bench::rounds(const BenchRun& common, const Measure& measure) {
  BenchRun run = common;
  if (options_.load != LoadProgram::kSmcBench) run.fortio = options_.fortio_image;
  auto results = rounds_of_one_program(run, measure);
  if (results || !lacks_fortio_) return results;
  remark_("fortio's image " + run.fortio +
          " cannot be pulled: smc-bench makes the load (--load fortio: nothing else will do)");
  const std::vector<json> made = own_pods_;
  for (const json& pod : made)
    if (const auto removed = remove(pod); !removed) return removed.error();
  run.fortio.clear();
  return rounds_of_one_program(run, measure);
}

// The load over SMC could not be placed on another node.
Outcome<json> Bench::on_node_for_smc(const std::vector<json>& pods) {
  std::set<std::string> without;
  for (const json& pod : pods) {
    const std::string name = text_at(pod, "/spec/nodeName");
    if (name.empty() || without.contains(name)) continue;
    const auto node = patiently([&] { return client_.get({kube::kNodes, "", name, ""}); });
    // Who may not read Nodes learns it from the scheduler.
    if (!node && node.error().lacks_right()) return pod;
    if (!node && !node.error().not_found()) return node.error();
    if (node && label_of(*node, kNodeLabelKey) == kNodeLabelValue) return pod;
    without.insert(name);
  }
  if (without.empty())
    return kube::make_error(kube::Failure::kAnswer, options_.workload + " has no pod on a node",
                            "kubectl get pods");
  return kube::make_error(
      kube::Failure::kAnswer,
      options_.workload + " runs on " + *without.begin() +
          (without.size() > 1 ? " and other nodes" : "") + " without the label " +
          std::string(kNodeLabelKey) + "=" + std::string(kNodeLabelValue) +
          ", where nothing runs over SMC",
      "give its pods the annotation, so that they come to nodes with SMC: kubectl smc check");
}

// Interleaved, so that what changes over time changes for both.
Outcome<BenchResults> Bench::rounds_of_one_program(BenchRun run, const Measure& measure) {
  BenchResults out;
  const bool before = options_.workload.empty() || options_.before_after;
  for (run.round = 1; run.round <= options_.rounds; ++run.round) {
    for (const bool smc : {false, true}) {
      if (!smc && !before) continue;
      run.smc = smc;
      auto result = measure(run);
      // Two programs' results could not be compared.
      if (!out.before.empty() || !out.after.empty()) lacks_fortio_ = false;
      if (!result) return result.error();
      (smc ? out.after : out.before).push_back(std::move(*result));
    }
  }
  return out;
}

Bench::Measured Bench::measure_pair(BenchRun run) {
  run.node = server_node_;
  const json wanted = server_pod(run);
  if (const auto made = make(wanted); !made) return made.error();
  const auto server = wait(wanted, kTimeToStart, serves);
  if (!server) return server.error();
  server_node_ = text_at(*server, "/spec/nodeName");
  run.node = load_node_;
  run.apart = load_node_.empty();
  run.url = "http://" + text_at(*server, "/status/podIP") + ":8080/echo";
  auto result = measure(run);
  if (const auto removed = remove(*server); !removed && result) return removed.error();
  return result;
}

Bench::Measured Bench::measure(const BenchRun& run) {
  const json wanted = load_pod(run, options_);
  progress_("round " + std::to_string(run.round) + " of " + std::to_string(options_.rounds) +
            (run.smc ? ", over SMC: " : ", over TCP: ") + std::to_string(options_.seconds) + " s");
  if (const auto made = make(wanted); !made) return made.error();
  const auto over = [](const json& pod) {
    return has_ended(pod) || has_failed(pod, kFortioContainer);  // the witness would wait for it
  };
  const auto ended = wait(wanted, kTimeToStart + kBesideTheRun + seconds(options_.seconds), over);
  if (!ended) return ended.error();
  load_node_ = text_at(*ended, "/spec/nodeName");
  auto result = result_of(run, wanted);
  if (!result) return result;
  if (const auto removed = remove(wanted); !removed) return removed.error();
  return result;
}

Bench::Measured Bench::result_of(const BenchRun& run, const json& pod) {
  const auto log = log_of(pod, run.fortio.empty() ? kBenchContainer : kFortioContainer);
  if (!log) return log.error();
  Result<bench::RunResult> result = Error{};
  if (run.fortio.empty()) {
    result = result_in_log(*log, name_of(pod));
  } else {
    const auto proof = log_of(pod, kBenchContainer);
    if (!proof) return proof.error();
    result = fortio_result(*log, *proof, options_.payload, name_of(pod));
  }
  if (!result) return failed(result.error());
  result->expected = run.smc ? "smc-r" : "tcp";
  return std::move(*result);
}

// Once the kubelet pauses, having tried; where smc-bench will do as well.
bool Bench::fortio_is_out_of_reach(const json& pod) const {
  return options_.load == LoadProgram::kFortioIfThere &&
         waiting_reason(pod, kFortioContainer) == "ImagePullBackOff";
}

Outcome<json> Bench::make(const json& pod) {
  own_pods_.push_back(pod);
  return client_.create(pods_of(namespace_of(pod)), pod);
}

Outcome<json> Bench::wait(const json& pod, seconds time,
                          const std::function<bool(const json&)>& reached) {
  const auto begin = std::chrono::steady_clock::now();
  std::string last = "not there yet";
  for (;;) {
    const auto now = std::chrono::steady_clock::now();
    auto seen = patiently([&] { return client_.get(target_of(pod)); });
    if (!seen) return seen.error();
    if (reached(*seen)) return seen;
    if (has_ended(*seen))
      return failed(pod_trouble(*seen).value_or(
          Error{name_of(pod) + " has ended: " + shown_at(*seen, "/status/message"), 0, ""}));
    const bool no_fortio = fortio_is_out_of_reach(*seen);
    const auto trouble = pod_trouble(*seen);
    if (trouble && (no_fortio || now - begin > kPatience)) {
      lacks_fortio_ = no_fortio;
      return failed(*trouble);
    }
    last = shown_at(*seen, "/status/phase");
    if (now - begin > time)
      return kube::make_error(
          kube::Failure::kAnswer,
          name_of(pod) + " is " + last + " after " + std::to_string(time.count()) + " s",
          "kubectl -n " + namespace_of(pod) + " describe pod");
    if (!stop_.sleep(kPeriod)) return stopped();
  }
}

template <class Call>
std::invoke_result_t<Call> Bench::patiently(Call call) {
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    auto answer = call();
    if (answer || !answer.error().passing()) return answer;
    if (std::chrono::steady_clock::now() - begin > kPatience) return answer;
    if (!stop_.sleep(kPeriod)) return stopped();
  }
}

Outcome<std::string> Bench::log_of(const json& pod, const char* container) {
  kube::Target target = target_of(pod);
  const std::string path = target.path() + "/log?container=" + container;
  return patiently([&]() -> Outcome<std::string> {
    auto answer = client_.ask({"GET", path});
    if (!answer) return answer.error();
    if (answer->status == 200) return std::move(answer->body);
    auto refused = kube::status_error("get the log of", target, answer->status, answer->body, {});
    if (refused.status == 403)
      refused.hint = "may you read logs there? kubectl auth can-i get pods/log";
    return refused;
  });
}

Outcome<void> Bench::remove(const json& pod) {
  const auto removed = patiently([&]() -> Outcome<void> {
    const auto answer = client_.remove(target_of(pod), {{"gracePeriodSeconds", 0}});
    if (!answer && !answer.error().not_found()) return answer.error();
    return {};
  });
  if (removed)
    std::erase_if(own_pods_, [&](const json& own) { return name_of(own) == name_of(pod); });
  return removed;
}

Outcome<void> Bench::clean(kube::Client& client) {
  std::string left;
  std::string why;
  const auto take = [&](const kube::Target& target, const std::string& name) {
    const auto removed = client.remove(target, {{"gracePeriodSeconds", 0}});
    if (removed || removed.error().status == 404) return;
    left += (left.empty() ? "" : ", ") + name;
    why = removed.error().what;
  };
  for (const json& pod : own_pods_) take(target_of(pod), "pod " + name_of(pod));
  if (!own_namespace_.empty())
    take({kube::kNamespaces, "", own_namespace_, ""}, "namespace " + own_namespace_);
  if (left.empty()) return {};
  return kube::make_error(
      kube::Failure::kAnswer, "left behind: " + left + ": " + why,
      own_namespace_.empty() ? "kubectl delete pod" : "kubectl delete namespace " + own_namespace_);
}

}  // namespace smc::kubectl
