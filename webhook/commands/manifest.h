// What the cluster would make of a manifest: every pod and pod template in it goes through the same
// review as in the cluster, and what the patch says is inserted into the text. Pure functions, safe
// on any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/yaml_tree.h"
#include "webhook/commands/manifest_notes.h"
#include "webhook/config/config.h"
#include "webhook/review/decision.h"

namespace smc::webhook {

struct ManifestDecision {
  int line = 0;      // where the object begins, counted from 1
  std::string name;  // "Deployment shop/web", shortened and printable
  Decision decision = Decision::kNotAnnotated;
  std::vector<std::string> warnings;
  bool namespace_known = false;  // it is in the manifest
};

struct InjectedManifest {
  std::string text;
  // One for each pod and pod template, and what else has to be said; in the file's order.
  std::vector<ManifestDecision> decisions;
  std::vector<ManifestNote> notes;
};

// Any number of YAML or JSON documents. Every byte that the patch does not concern stays: new
// values are inserted, in the manner of the file, and only a value that has to change is replaced.
// The result is read again and compared with what the patch means. A problem: text that cannot be
// read, pods that the webhook would refuse to read, and places that cannot be patched alone,
// because an alias or a merge key repeats them elsewhere. In mode auto the namespaces that are in
// the text decide on the mode, and others are not known.
Result<InjectedManifest, yaml::Problem> inject_manifest(std::string_view text,
                                                        const Config& config);

// A file of Kubernetes objects beyond this is no manifest: a cluster's API server takes 3 MiB for
// an object.
inline constexpr std::size_t kMaxManifestBytes = 64 << 20;

}  // namespace smc::webhook
