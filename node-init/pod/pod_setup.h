// The steps of set_up_pod() (pod.h) and what they hand on to each other: the network in pod.cc, the
// parameters and the switch in pod_switch.cc, the self-test in pod_self_test.cc. For these files
// alone; one thread, in the pod's network namespace.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node-init/kernel/links.h"
#include "node-init/kernel/smc_devices.h"
#include "node-init/pod/pod.h"

namespace smc::node {

// What can be done about an errno where nobody knew better.
std::string general_hint(int code);

class PodSetup {
 public:
  PodSetup(System& system, const PodOptions& options,
           const std::function<void(const PodStep&)>& on_step)
      : system_(system), options_(options), on_step_(on_step) {}

  PodReport run() {
    if (check_namespace() && find_smc() && choose_network() && choose_link() && find_entry() &&
        look_for_switch())
      (void)apply();
    return std::move(report_);
  }

 private:
  // What comes first differs: see PodOptions::test_first. BPF's switch comes last wherever it is
  // used: the agent's turning it on is waited for.
  bool apply() {
    if (options_.test_first)
      return find_switch() && test() && exclude_destinations() && set_parameters() &&
             set_pnetid() && set_switch();
    if (!exclude_destinations()) return false;
    if (switch_.kind == SwitchKind::kBpf)
      return set_pnetid() && set_parameters() && test() && set_switch();
    return set_pnetid() && set_switch() && set_parameters() && test();
  }

  // Each step: false ends the set-up, with the reason in the report.
  bool check_namespace();
  bool find_smc();
  bool plan_loading();
  bool choose_network();
  bool choose_link();
  bool find_entry();
  bool exclude_destinations();
  bool set_pnetid();
  bool look_for_switch();
  bool find_switch();
  bool set_switch();
  bool set_bpf_switch();
  bool wait_for_bpf_switch();
  bool set_parameters();
  bool test();

  void begin(int number, std::string_view name) { current_ = {number, name, {}, {}, {}}; }
  bool tell(StepOutcome outcome, std::string text, std::string hint = {}) {
    PodStep step = current_;
    step.outcome = outcome;
    step.text = std::move(text);
    step.hint = std::move(hint);
    on_step_(step);
    report_.steps.push_back(std::move(step));
    return outcome != StepOutcome::kFailed;
  }
  bool fail(ExitCode code, const Error& error) {
    report_.code = code;
    return tell(StepOutcome::kFailed, error.text(),
                error.hint.empty() ? general_hint(error.code) : error.hint);
  }

  void adopt(const std::string& found);
  bool set_parameter(const std::string& path, const std::string& value);
  bool no_verdict(const Error& error, ExitCode code);
  std::string self_test_hint(std::uint32_t code);

  System& system_;
  const PodOptions& options_;
  const std::function<void(const PodStep&)>& on_step_;
  PodReport report_;
  PodStep current_;
  bool smc_loaded_ = false;  // false in a dry run that must not load the module
  std::vector<SmcDevice> devices_;
  std::string present_pnetid_;  // of the interface's entry as it was found; empty: there was none
  bool adopted_ = false;        // that entry is another program's and is kept
  Ipv4Address address_;
  ProgramSwitch switch_;
};

}  // namespace smc::node
