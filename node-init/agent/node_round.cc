#include "node-init/agent/node_round.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <utility>

#include <linux/smc.h>

#include "node-init/agent/node_candidate.h"
#include "node-init/agent/node_switch.h"
#include "node-init/diagnosis/node_checks.h"
#include "node-init/kernel/first_namespace.h"
#include "node-init/kernel/module_index.h"
#include "node-init/kernel/netlink.h"

namespace smc::node {
namespace {

CheckResult failed(std::string name, const Error& error) {
  return {std::move(name), Verdict::kFail, error.text(),
          error.hint.empty() ? "see the agent's log" : error.hint};
}

CheckResult check_own_namespace(System& system) {
  const auto first = in_first_net_namespace(system);
  if (!first) return failed("namespace", first.error());
  if (*first) return {"namespace", Verdict::kPass, "the node's own", {}};
  return {"namespace", Verdict::kFail, "not the node's own",
          "run the agent with hostNetwork: true"};
}

// The record to work with; a warning where it was unreadable.
Result<OwnRecord> load_record(const OwnRecordFile& file, bool may_write,
                              std::vector<CheckResult>& checks) {
  auto record = file.load();
  if (record || record.error().code != EBADMSG) return record;
  checks.push_back({"record", Verdict::kWarn, record.error().what, record.error().hint});
  if (may_write)
    if (auto aside = file.set_aside(); !aside) return aside.error();
  return OwnRecord{};
}

// Applies the plan's steps up to the first that fails.
void apply(System& system, const OwnRecordFile& file, OwnRecord& record, const SetupPlan& plan,
           NodeReport& report) {
  for (const SetupStep& step : plan.steps) {
    if (auto applied = apply_step(system, file, record, step); !applied) {
      report.refused = applied.error();
      report.checks.push_back(failed("set-up", applied.error()));
      return;
    }
    report.steps.push_back(step);
  }
}

void take_over_plan(NodeReport& report, SetupPlan plan) {
  report.ports = std::move(plan.ports);
  report.ueids = std::move(plan.ueids);
  std::move(plan.checks.begin(), plan.checks.end(), std::back_inserter(report.checks));
}

void set_up_switch(System& system, const RoundOptions& options, NodeReport& report) {
  if (options.bpf == nullptr) return;
  SwitchRound round = round_of_switch(system, *options.bpf, options.program_switch,
                                      options.programs, options.dry_run);
  std::ranges::move(round.steps, std::back_inserter(report.steps));
  std::ranges::move(round.checks, std::back_inserter(report.checks));
  report.switch_list = round.list;
}

// Sets up what is missing, then looks again. An error here is one of reading, not of a step.
Result<void> set_up(System& system, const OwnRecordFile& file, const RoundOptions& options,
                    NodeReport& report) {
  auto tables = read_node_tables(system);
  if (!tables) return tables.error();
  auto record = load_record(file, !options.dry_run, report.checks);
  if (!record) return record.error();
  SetupPlan plan = plan_setup(*tables, *record, options.setup);
  if (options.dry_run) {
    report.steps = plan.steps;
    take_over_plan(report, std::move(plan));
    set_up_switch(system, options, report);
    return {};
  }
  if (record->uninstalled) {
    report.uninstalled = true;
    take_over_plan(report, std::move(plan));
    report.checks.push_back({"set-up", Verdict::kFail, "taken back by smc-node-agent uninstall",
                             "start the agent again to set the node up"});
    return {};
  }
  apply(system, file, *record, plan, report);
  set_up_switch(system, options, report);
  if (plan.steps.empty()) {
    take_over_plan(report, std::move(plan));
    return {};
  }
  tables = read_node_tables(system);
  if (!tables) return tables.error();
  SetupPlan after = plan_setup(*tables, *record, options.setup);
  if (!after.steps.empty() && !report.refused)
    report.checks.push_back({"set-up", Verdict::kFail,
                             after.steps.front().text + ": it does not stay",
                             "another program changes it back: let one of them own it"});
  take_over_plan(report, std::move(after));
  return {};
}

void set_up_locked(System& system, const OwnRecordFile& file, const RoundOptions& options,
                   NodeReport& report) {
  // A dry run must work without the right to write anywhere.
  auto lock = options.dry_run ? Result<Fd>(Fd()) : file.lock(system, kLockTimeout);
  const auto done = lock ? set_up(system, file, options, report) : Result<void>(lock.error());
  if (done) return;
  report.refused = done.error();
  report.checks.push_back(failed("set-up", done.error()));
}

// Looking for SMC's netlink family makes the kernel load its module.
CheckResult load_smc(System& system, const RoundOptions& options) {
  const auto there = generic_family_registered(system, SMC_GENL_FAMILY_NAME);
  if (there && *there) return {"smc", Verdict::kPass, "the kernel's SMC is loaded", {}};
  const Error none = no_smc_error(system, 0);
  if (options.dry_run && find_module(system, options.host_root, "smc") == ModulePresence::kAbsent)
    return {"smc", Verdict::kFail, none.what, none.hint};
  if (options.dry_run)
    return {"smc", Verdict::kWarn, "the kernel's SMC is not loaded: the plan ends here",
            "smc-node-agent run loads it"};
  const auto loaded = resolve_generic_family(system, SMC_GENL_FAMILY_NAME);
  if (loaded) return {"smc", Verdict::kPass, "loaded the kernel's SMC", {}};
  if (loaded.error().code != ENOENT) return failed("smc", loaded.error());
  return {"smc", Verdict::kFail, none.what + ", or may not load it", none.hint};
}

}  // namespace

ExitCode NodeReport::exit_code() const {
  if (refused) return ExitCode::kRefused;
  return ready() ? ExitCode::kDone : ExitCode::kNotPossible;
}

NodeReport run_node_round(System& system, const OwnRecordFile& file, const RoundOptions& options) {
  NodeReport report;
  report.checks.push_back(check_own_namespace(system));
  if (!report.ready()) return report;
  report.candidate = is_candidate(system, file, options.setup.devices, options.dry_run);
  report.checks.push_back(load_smc(system, options));
  const bool smc = report.checks.back().verdict == Verdict::kPass;
  CheckOptions where;
  where.host_root = options.host_root;
  where.programs = options.programs;
  where.program_switch = options.program_switch;
  where.expected_pods = options.expected_pods;
  for (const CheckFunction check : node_checks()) report.checks.push_back(check(system, where));
  if (!smc) return report;
  set_up_locked(system, file, options, report);
  if (options.setup.ueid.empty()) report.checks.push_back(check_ueid(system, where));
  return report;
}

Result<bool> resume_after_uninstall(System& system, const OwnRecordFile& file) {
  auto lock = file.lock(system, kLockTimeout);
  if (!lock) return lock.error();
  auto record = file.load();
  // A record that cannot be read is the round's business.
  if (!record || !record->uninstalled) return false;
  record->uninstalled = false;
  if (auto saved = file.save(*record); !saved) return saved.error();
  return true;
}

std::string report_text(const NodeReport& report, bool dry_run) {
  std::string text;
  for (const SetupStep& step : report.steps) {
    const bool removal =
        step.kind == SetupStep::Kind::kRemoveUeid || step.kind == SetupStep::Kind::kRemoveSwitch;
    text += dry_run ? (removal ? "would remove " : "would set ")
                    : (removal       ? "removed "
                       : step.repair ? "repaired "
                                     : "set ");
    text += step.text + "\n";
  }
  return text + checks_table(report.checks);
}

}  // namespace smc::node
