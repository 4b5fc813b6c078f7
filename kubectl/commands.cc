#include "kubectl/commands.h"

#include <algorithm>
#include <cstdio>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/error_text.h"
#include "kubectl/check.h"
#include "kubectl/gather.h"
#include "kubectl/text.h"
#include "node-init/diagnosis/explain.h"
#include "node-init/diagnosis/explain_command.h"
#include "node-init/kernel/fallback_codes.h"

namespace smc::kubectl {
namespace {

// Whether every list could be read: what nobody has looked at is not well.
bool is_complete(const Snapshot& snapshot) {
  const Objects* const parts[] = {&snapshot.webhooks, &snapshot.own_pods, &snapshot.workloads,
                                  &snapshot.configs,  &snapshot.nodes,    &snapshot.namespaces,
                                  &snapshot.pods,     &snapshot.services};
  return std::ranges::none_of(parts, [](const Objects* part) { return part->error.has_value(); });
}

nlohmann::ordered_json code_json(const node::AskedCode& asked, const node::FallbackCode& known) {
  char number[9];
  std::snprintf(number, sizeof number, "%08x", asked.code);
  return {{"code", number},
          {"end", asked.is_peers ? "peer" : "local"},
          {"name", known.name},
          {"kernelName", std::string(node::kKernelPrefix) + std::string(known.kernel_name)},
          {"meaning", known.meaning},
          {"hint", known.hint}};
}

ExitCode explain_as_json(const std::string& text) {
  const auto codes = node::parse_asked_codes(text);
  if (!codes) {
    print_error(kProgram, codes.error());
    return ExitCode::kUsage;
  }
  auto out = nlohmann::ordered_json::array();
  bool all_known = true;
  for (const node::AskedCode& asked : *codes) {
    const node::FallbackCode* known = node::find_fallback_code(asked.code);
    if (known != nullptr)
      out.push_back(code_json(asked, *known));
    else if (asked.code != 0)
      all_known = node::say_unknown_code(kProgram, asked);
  }
  std::printf("%s\n", out.dump(2).c_str());
  return all_known ? ExitCode::kDone : ExitCode::kUsage;
}

}  // namespace

ExitCode say(const Error& error) {
  print_error(kProgram, error);
  return ExitCode::kNotPossible;
}

ExitCode say(const kube::ApiError& error) {
  print_error(kProgram, {error.what, 0, error.hint});
  return error.failure == kube::Failure::kStatus ? ExitCode::kRefused : ExitCode::kNotPossible;
}

ExitCode run_check(const CommonOptions& options, const kube::Stop& stop) {
  const Result<Session> session = Session::open(options.connect, stop);
  if (!session) return say(session.error());
  GatherOptions wanted;
  if (!options.all_namespaces) wanted.ns = options.connect.ns;
  wanted.release_namespace = options.release_namespace;
  wanted.dry_run_namespace = session->ns();
  Progress progress(!options.json);
  const auto snapshot =
      gather(*session, wanted, [&](const std::string& step) { progress.show(step); });
  progress.clear();
  if (!snapshot) return say(snapshot.error());
  const std::vector<Group> groups = check(*snapshot);
  const std::string text =
      options.json ? check_json(groups) : check_text(groups, style_of(STDOUT_FILENO));
  std::fputs(text.c_str(), stdout);
  if (overall(groups) == Verdict::kFail) return ExitCode::kNotPossible;
  return is_complete(*snapshot) ? ExitCode::kDone : ExitCode::kRefused;
}

ExitCode run_explain(const std::string& text, bool json) {
  return json ? explain_as_json(text) : node::run_explain(kProgram, text);
}

}  // namespace smc::kubectl
