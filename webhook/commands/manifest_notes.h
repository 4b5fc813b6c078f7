// What a manifest says about SMC and does not get: our annotation in a place or under a name that
// nothing reads. Pure functions, safe on any thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/yaml_tree.h"
#include "webhook/commands/pod_source.h"

namespace smc::webhook {

struct ManifestNote {
  int line = 0;      // of the key that it is about, counted from 1
  std::string name;  // "Deployment shop/web", shortened and printable
  std::string what;
  std::string hint;
};

// In the order of the lines: annotations of ours on a workload in place of its template, under
// labels, in a kind that `inject` does not know, or anywhere else that nothing reads; keys that are
// nearly ours.
std::vector<ManifestNote> notes_of(const ManifestObject& object);

// What an earlier injection left in a pod that asks for none now; nothing where it asks, or has
// none.
std::vector<ManifestNote> leftovers_of(const PodSource& pod, const std::string& container);

// A problem where one of our annotations is no string: an unquoted true. Others would not be read.
Result<void, yaml::Problem> check_annotations(const PodSource& pod);

}  // namespace smc::webhook
