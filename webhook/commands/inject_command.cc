#include "webhook/commands/inject_command.h"

#include <algorithm>
#include <ostream>

#include <unistd.h>

#include "base/error_text.h"
#include "base/file.h"
#include "webhook/commands/manifest.h"
#include "webhook/commands/output_file.h"

namespace smc::webhook {
namespace {

constexpr int kDone = 0;
constexpr int kRefused = 2;

void print(std::ostream& err, const std::string& file, const ManifestDecision& decision) {
  const DecisionInfo& reason = info(decision.decision);
  err << file << ":" << decision.line << ": " << decision.name << ": " << reason.code << ": "
      << reason.sentence << "\n";
  for (const std::string& warning : decision.warnings) err << "  warning: " << warning << "\n";
}

void print(std::ostream& err, const std::string& file, const ManifestNote& note) {
  err << file << ":" << note.line << ": " << note.name << ": warning: " << note.what << "\n"
      << "  hint: " << note.hint << "\n";
}

// The namespaces are the cluster's, and nobody asks it here; those alone are known that the
// manifest makes.
void print_mode(std::ostream& err, const Config& config, const InjectedManifest& injected) {
  const bool any = std::ranges::any_of(injected.decisions, [](const ManifestDecision& decision) {
    return decision.decision == Decision::kInjected && !decision.namespace_known;
  });
  if (config.init_container.mode || !any) return;
  err << "note: initContainer.mode is auto, and not every namespace is known here: pods of "
         "the others are in mode agent\n"
      << "  hint: give their Namespaces along, or set it to privileged for what pods get in "
         "namespaces that enforce no Pod "
         "Security "
         "level\n";
}

int refuse(std::ostream& err, const Error& error) {
  err << error_text("smc-webhook", error);
  return kRefused;
}

}  // namespace

int inject_command(const Config& config, const std::string& manifest, const std::string& output,
                   std::ostream& out, std::ostream& err) {
  const bool is_stdin = manifest == "-";
  const std::string name = is_stdin ? "standard input" : manifest;
  const Result<std::string> text = is_stdin ? read_all(STDIN_FILENO, name, kMaxManifestBytes)
                                            : read_stream(manifest, kMaxManifestBytes);
  if (!text) return refuse(err, text.error());
  const auto injected = inject_manifest(*text, config);
  if (!injected) {
    const yaml::Problem& problem = injected.error();
    return refuse(err,
                  {name + ":" + std::to_string(problem.line) + ": " + problem.what, 0,
                   problem.hint.empty() ? "correct that line; nothing was written" : problem.hint});
  }
  for (const ManifestDecision& decision : injected->decisions) print(err, name, decision);
  for (const ManifestNote& note : injected->notes) print(err, name, note);
  print_mode(err, config, *injected);
  if (output.empty() || output == "-") {
    out << injected->text << std::flush;
    return out ? kDone
               : refuse(err, {"standard output cannot be written", 0, "see where it leads to"});
  }
  const Result<void> written = write_output(output, injected->text);
  return written ? kDone : refuse(err, written.error());
}

}  // namespace smc::webhook
