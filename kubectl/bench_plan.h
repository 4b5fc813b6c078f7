// What `bench` makes in a cluster: the objects, and what their ends mean. Pure functions, safe on
// any thread.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "bench/run_result.h"

namespace smc::kubectl {

inline constexpr int kMaxRounds = 20;
// Named, since another webhook may add containers of its own.
inline constexpr const char* kBenchContainer = "smc-bench";
inline constexpr const char* kFortioContainer = "fortio";
// As examples/fortio.yaml has it.
inline constexpr const char* kFortioImage = "fortio/fortio:latest_release";
inline constexpr int kMaxBenchSeconds = 3600;

// Which program makes the load, and with a pair of its own also answers it.
enum class LoadProgram {
  kFortioIfThere,  // fortio, and smc-bench where its image cannot be pulled
  kFortio,
  kSmcBench,
};

struct BenchOptions {
  std::string workload;       // "KIND/NAME": load from beside a pod of it; empty: a pair of its own
  std::string url;            // what the load is for; empty: the server of the pair
  bool before_after = false;  // with a workload: over TCP first
  int rounds = 1;
  double rate = 100'000;  // requests per second; 0: no limit
  int seconds = 30;       // of each run
  int connections = 64;
  int payload = 128;  // bytes
  LoadProgram load = LoadProgram::kFortioIfThere;
  std::string fortio_image = kFortioImage;
  std::string image;        // empty: smc-bench beside the agents' image
  std::string pull_secret;  // a Secret's name; empty: what the pods' ServiceAccount names
  std::string html;
  std::string markdown;
};

// One run: over TCP, or with the annotation.
struct BenchRun {
  std::string ns;
  int round = 0;
  bool smc = false;
  std::string image;   // of smc-bench
  std::string fortio;  // fortio's; empty: smc-bench makes the load
  std::string pull_secret;
  std::string node;  // the load's; empty: one that has the label
  std::string url;   // of the load
  // Of the pair: that the load's node is not the server's.
  bool apart = false;
};

nlohmann::json bench_namespace(const std::string& name);

// The same Secret for namespace `ns`. An error for one that is not for image pulls: no other is to
// get about.
Result<nlohmann::json> copy_of_pull_secret(const nlohmann::json& secret, const std::string& ns);

nlohmann::json server_pod(const BenchRun& run);
nlohmann::json load_pod(const BenchRun& run, const BenchOptions& options);

// "registry/path/smc-bench:TAG" of "registry/path/smc-node-agent:TAG". Nothing for another name. A
// digest is that of the agent's image, and is left out.
std::optional<std::string> bench_image(const std::string& agent_image);

// Why a pod will not come to run, for people: an image that is not to be had, no node for it, an
// init container that failed. Nothing while it may still.
std::optional<Error> pod_trouble(const nlohmann::json& pod);

// Why that container waits, as the kubelet names it; "" if it does not.
std::string waiting_reason(const nlohmann::json& pod, const std::string& container);

// Whether that container has ended with another code than 0.
bool has_failed(const nlohmann::json& pod, const std::string& container);

// The result in a container's log: the JSON document, and whatever the program said before and
// behind it.
Result<bench::RunResult> result_in_log(const std::string& log, const std::string& pod);

// The result of a fortio load of `payload` bytes and the proof, from the logs of its two
// containers.
Result<bench::RunResult> fortio_result(const std::string& fortio_log, const std::string& proof_log,
                                       int payload, const std::string& pod);

}  // namespace smc::kubectl
