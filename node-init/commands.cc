#include "node-init/commands.h"

#include <array>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

#include "base/error_text.h"
#include "base/fd.h"
#include "base/json_text.h"
#include "node-init/diagnosis/status.h"
#include "node-init/kernel/fallback_codes.h"

namespace smc::node {
namespace {

constexpr const char* kProgram = "smc-node-init";

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

ExitCode run_check(System& system, const CheckOptions& options, bool json) {
  const auto results = run_checks(system, options, namespace_checks());
  const std::string text = json ? checks_json(results) + "\n" : checks_table(results);
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

namespace {

bool explain_one(const char* whose, std::uint32_t code) {
  const FallbackCode* known = find_fallback_code(code);
  if (known == nullptr) {
    std::array<char, sizeof("0x01234567")> text{};
    std::snprintf(text.data(), text.size(), "0x%08x", code);
    print_error(kProgram, {std::string("no fallback code ") + text.data() + " is known", 0,
                           "kernels newer than 6.12 may have more, see net/smc/smc_clc.h"});
    return false;
  }
  std::printf("%s0x%08x %s: %.*s\nhint: %.*s\n", whose, code, std::string(known->name).c_str(),
              static_cast<int>(known->meaning.size()), known->meaning.data(),
              static_cast<int>(known->hint.size()), known->hint.data());
  return true;
}

}  // namespace

ExitCode run_explain(const std::string& code) {
  const auto codes = parse_fallback_codes(code);
  if (!codes) {
    print_error(kProgram,
                {'"' + printable(code, 40) + "\" is no fallback code", 0,
                 "eight hexadecimal digits, or two such numbers with a slash between them"});
    return ExitCode::kUsage;
  }
  bool known = explain_one(codes->peer ? "here: " : "", codes->local);
  // smcss prints 00000000 where the peer told nothing.
  if (codes->peer && *codes->peer != 0) known = explain_one("peer: ", *codes->peer) && known;
  return known ? ExitCode::kDone : ExitCode::kUsage;
}

}  // namespace smc::node
