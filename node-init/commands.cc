#include "node-init/commands.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error_text.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/terminal.h"
#include "node-init/diagnosis/pod_netns.h"
#include "node-init/diagnosis/status.h"

namespace smc::node {
namespace {

constexpr const char* kProgram = "smc-node-init";

// In place, not by rename: the kubelet mounts this very file into the container. Nothing but a
// regular file is written, and no link is followed: what is at that path may be another's choice.
Result<void> write_termination_log(const std::string& path, const std::string& summary) {
  const Fd fd(::open(path.c_str(),
                     O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0644));
  if (!fd.valid())
    return Error{"open " + path, errno, errno == ELOOP ? "name the file itself, not a link" : ""};
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0) return Error{"look at " + path, errno, {}};
  if (!S_ISREG(status.st_mode))
    return Error{"write " + path + ": it is no regular file", 0, "name a regular file"};
  if (::ftruncate(fd.get(), 0) != 0) return Error{"empty " + path, errno, {}};
  return write_all(fd.get(), path, summary);
}

void print_step(const PodStep& step) {
  const bool failed = step.outcome == StepOutcome::kFailed;
  std::fprintf(failed ? stderr : stdout, "%s\n", step_line(step).c_str());
  std::fflush(stdout);
}

// For a person: what a dry run comes to. A program gets the summary.
std::string plan_line(const PodReport& report) {
  if (report.code != ExitCode::kDone)
    return "plan: not possible, see the failed step; nothing was changed";
  const auto planned = std::ranges::count(report.steps, StepOutcome::kPlanned, &PodStep::outcome);
  return "plan: " + std::to_string(planned) + (planned == 1 ? " step" : " steps") +
         ", nothing was changed";
}

}  // namespace

ExitCode run_pod(System& system, const PodCommand& command) {
  const PodReport report =
      command.by_agent ? wait_for_agent(system, command.options, command.waiting, print_step)
                       : set_up_pod(system, command.options, print_step);
  const bool dry_run = command.options.dry_run;
  const std::string summary = summary_json(report, command.on_failure, dry_run);
  const bool for_person = dry_run && ::isatty(STDOUT_FILENO) == 1;
  std::printf("%s\n", for_person ? plan_line(report).c_str() : summary.c_str());
  if (!dry_run) {
    // Outside a pod there is no such file to write; what it says was printed.
    if (auto written = write_termination_log(command.termination_log, summary); !written)
      std::fprintf(stderr, "7 summary     WARNING  %s\n  hint: %s\n",
                   written.error().text().c_str(),
                   written.error().hint.empty() ? "name a file with --termination-log"
                                                : written.error().hint.c_str());
  }
  return final_code(report, command.on_failure);
}

ExitCode run_check(System& system, const CheckOptions& options, bool json) {
  const auto results = run_checks(system, options, namespace_checks());
  const std::string text =
      json ? checks_json(results) + "\n" : checks_table(results, wants_colour(STDOUT_FILENO));
  std::fputs(text.c_str(), stdout);
  return overall(results) == Verdict::kFail ? ExitCode::kNotPossible : ExitCode::kDone;
}

ExitCode run_status(System& system, bool json) {
  const auto status = read_status(system);
  if (!status) {
    Error error = status.error();
    if (error.hint.empty()) error.hint = "run it as root in the pod's network namespace";
    print_error(kProgram, error);
    return ExitCode::kNotPossible;
  }
  const std::string text = json ? status_json(*status) + "\n" : status_text(*status);
  std::fputs(text.c_str(), stdout);
  return ExitCode::kDone;
}

ExitCode run_syn_check(const SynCheckCommand& command) {
  const auto parsed = parse_syn_target(command.target);
  const auto identifier =
      command.magic.empty() ? Result<std::uint32_t>(kSmcMagic) : parse_magic(command.magic);
  for (const Error* error :
       {parsed ? nullptr : &parsed.error(), identifier ? nullptr : &identifier.error()}) {
    if (error == nullptr) continue;
    print_error(kProgram, *error);
    return ExitCode::kUsage;
  }
  SynCheckOptions options{.probes = {.magic = *identifier}};
  if (const auto text = pod_resolv_conf(command.pod_netns))
    options.resolver = parse_resolv_conf(*text);
  const SynCheckReport report = syn_check(*parsed, options);
  const std::string text =
      command.json ? syn_check_json(report) + "\n" : syn_check_text(report, *identifier);
  std::fputs(text.c_str(), stdout);
  return report.exit();
}

ExitCode run_in(System& system, const std::string& pod_netns,
                const std::function<ExitCode()>& command) {
  if (pod_netns.empty()) return command();
  ExitCode code = ExitCode::kNotPossible;
  if (const auto entered = in_pod_netns(system, pod_netns, [&] { code = command(); }); !entered)
    print_error(kProgram, entered.error());
  return code;
}

}  // namespace smc::node
