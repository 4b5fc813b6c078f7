// The before/after measurement in a cluster: makes the pods, waits for their results, and takes all
// of it away again, whatever happened in between. For the main thread.
#pragma once

#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "kube/client.h"
#include "kubectl/bench_plan.h"

namespace smc::kubectl {

struct BenchResults {
  std::vector<bench::RunResult> before;  // over TCP; empty where that was not asked for
  std::vector<bench::RunResult> after;
};

class Bench {
 public:
  using Listener = std::function<void(const std::string&)>;

  // `progress` hears what is being done, `remark` what stays worth knowing. `client`, `stop` and
  // `options` must outlive it.
  Bench(kube::Client& client, const kube::Stop& stop, const BenchOptions& options,
        Listener progress, Listener remark);

  // In a namespace that it makes: pair of server and load on two nodes. A Secret for image pulls is
  // copied there from namespace `secrets`.
  kube::Outcome<BenchResults> run_pair(const std::string& image, const std::string& secrets);

  // Beside the first of a workload's pods that is on a node with SMC: in its namespace, on its
  // node.
  kube::Outcome<BenchResults> run_beside(const std::string& image,
                                         const std::vector<nlohmann::json>& pods);

  // Removes what was made, with a client of its own, since an interrupt has ended the other one's
  // calls. Says what was left behind.
  kube::Outcome<void> clean(kube::Client& client);

 private:
  using Measured = kube::Outcome<bench::RunResult>;
  using Measure = std::function<Measured(BenchRun run)>;
  kube::Outcome<void> make_namespace(const std::string& secrets);
  // All rounds with fortio or all with smc-bench, in pods of namespace `ns`.
  kube::Outcome<BenchResults> rounds(const BenchRun& common, const Measure& measure);
  kube::Outcome<BenchResults> rounds_of_one_program(BenchRun run, const Measure& measure);
  kube::Outcome<nlohmann::json> on_node_for_smc(const std::vector<nlohmann::json>& pods);
  Measured measure_pair(BenchRun run);
  Measured measure(const BenchRun& run);
  kube::Outcome<nlohmann::json> make(const nlohmann::json& pod);
  // Until `reached` says so of it; an error when it cannot any more, or has not in time.
  kube::Outcome<nlohmann::json> wait(const nlohmann::json& pod, std::chrono::seconds time,
                                     const std::function<bool(const nlohmann::json&)>& reached);
  // The call's answer, asked for again while the failure is one that passes.
  template <class Call>
  std::invoke_result_t<Call> patiently(Call call);
  bool fortio_is_out_of_reach(const nlohmann::json& pod) const;
  kube::Outcome<std::string> log_of(const nlohmann::json& pod, const char* container);
  kube::Outcome<bench::RunResult> result_of(const BenchRun& run, const nlohmann::json& pod);
  kube::Outcome<void> remove(const nlohmann::json& pod);

  kube::Client& client_;
  const kube::Stop& stop_;
  const BenchOptions& options_;
  const Listener progress_;
  const Listener remark_;
  bool lacks_fortio_ = false;             // found while waiting for a pod
  std::string own_namespace_;             // to be removed
  std::vector<nlohmann::json> own_pods_;  // the same
  std::string load_node_;                 // of the first run, and so of all
  std::string server_node_;
};

}  // namespace smc::kubectl
