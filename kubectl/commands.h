// The commands of kubectl-smc behind their command line: ask, print, return the exit code. For the
// main thread.
#pragma once

#include <chrono>
#include <string>

#include "base/exit_code.h"
#include "kube/stop.h"
#include "kubectl/bench_plan.h"
#include "kubectl/session.h"

namespace smc::kubectl {

// What every command that asks the cluster is told.
struct CommonOptions {
  ConnectOptions connect;
  std::string release_namespace;  // empty: found
  bool all_namespaces = false;
  bool json = false;
};

struct StatusOptions {
  std::string pod;   // "POD" or "KIND/NAME"; empty: every annotated pod of the namespace
  std::string node;  // that node's agent instead
  bool watch = false;
  std::chrono::seconds period{2};
};

struct SynCheckOptions {
  std::string pod;
  std::string target;  // URL or HOST:PORT
  std::string magic;   // hexadecimal; empty: SMC's
};

ExitCode run_check(const CommonOptions& options, const kube::Stop& stop);
ExitCode run_status(const CommonOptions& options, const StatusOptions& status,
                    const kube::Stop& stop);
ExitCode run_syn_check(const CommonOptions& options, const SynCheckOptions& syn,
                       const kube::Stop& stop);
ExitCode run_bench(const CommonOptions& options, const BenchOptions& bench, const kube::Stop& stop);
// `text`: the codes as they were typed or pasted.
ExitCode run_explain(const std::string& text, bool json);

// "kubectl-smc: error: …" with its hint. 3 where the API server or an agent refused, else 2.
ExitCode say(const kube::ApiError& error);
ExitCode say(const Error& error);

inline constexpr const char* kProgram = "kubectl-smc";

}  // namespace smc::kubectl
