// What the cluster would make of a manifest: every pod and pod template in it goes through the same
// review as in the cluster, and the patch is carried out on the YAML. Pure functions, safe on any
// thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/yaml_tree.h"
#include "webhook/config/config.h"
#include "webhook/review/decision.h"

namespace smc::webhook {

struct ManifestDecision {
  int line = 0;      // where the object begins, counted from 1
  std::string name;  // "Deployment shop/web", shortened and printable
  Decision decision = Decision::kNotAnnotated;
  std::vector<std::string> warnings;
};

struct InjectedManifest {
  std::string text;
  std::vector<ManifestDecision>
      decisions;  // one for each pod and pod template, in the file's order
};

// Any number of YAML or JSON documents. Those without a patched pod come back byte for byte, the
// others as block-style YAML with the comments in front of them. A problem: text that cannot be
// read, and pods that the webhook would refuse to read.
Result<InjectedManifest, yaml::Problem> inject_manifest(std::string_view text,
                                                        const Config& config);

// A file of Kubernetes objects beyond this is no manifest: a cluster's API server takes 3 MiB for
// an object.
inline constexpr std::size_t kMaxManifestBytes = 64 << 20;

}  // namespace smc::webhook
