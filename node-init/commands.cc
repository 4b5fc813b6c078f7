#include "node-init/commands.h"

#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"

namespace smc::node {
namespace {

// In place, not by rename: the kubelet mounts this very file into the container.
Result<void> write_termination_log(const std::string& path, const std::string& summary) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd.valid()) return Error{"open " + path, errno, {}};
  const ssize_t n = ::write(fd.get(), summary.data(), summary.size());
  if (n != static_cast<ssize_t>(summary.size()))
    return Error{"write " + path, n < 0 ? errno : EIO, {}};
  return {};
}

}  // namespace

ExitCode run_pod(System& system, const PodCommand& command) {
  const auto print = [](const PodStep& step) {
    const bool failed = step.outcome == StepOutcome::kFailed;
    std::fprintf(failed ? stderr : stdout, "%s\n", step_line(step).c_str());
    std::fflush(stdout);
  };
  const PodReport report = set_up_pod(system, command.options, print);
  const bool dry_run = command.options.dry_run;
  const std::string summary = summary_json(report, command.on_failure, dry_run);
  std::printf("%s\n", summary.c_str());
  if (!dry_run) {
    // Outside a pod there is no such file to write; what it says was printed.
    if (auto written = write_termination_log(command.termination_log, summary); !written)
      std::fprintf(stderr, "7 summary     WARNING  %s hint: name a file with --termination-log\n",
                   written.error().text().c_str());
  }
  return final_code(report, command.on_failure);
}

}  // namespace smc::node
