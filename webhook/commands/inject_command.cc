#include "webhook/commands/inject_command.h"

#include <ostream>

#include <unistd.h>

#include "base/error_text.h"
#include "base/file.h"
#include "webhook/commands/manifest.h"

namespace smc::webhook {
namespace {

constexpr int kDone = 0;
constexpr int kRefused = 2;
constexpr mode_t kManifestMode = 0644;

void print(std::ostream& err, const std::string& file, const ManifestDecision& decision) {
  const DecisionInfo& reason = info(decision.decision);
  err << file << ":" << decision.line << ": " << decision.name << ": " << reason.code << ": "
      << reason.sentence << "\n";
  for (const std::string& warning : decision.warnings) err << "  warning: " << warning << "\n";
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
  if (!injected)
    return refuse(
        err, {name + ":" + std::to_string(injected.error().line) + ": " + injected.error().what});

  for (const ManifestDecision& decision : injected->decisions) print(err, name, decision);
  if (output.empty()) {
    out << injected->text << std::flush;
    return out ? kDone : refuse(err, {"standard output cannot be written"});
  }
  const Result<void> written = write_file_atomic(output, injected->text, kManifestMode);
  return written ? kDone : refuse(err, written.error());
}

}  // namespace smc::webhook
