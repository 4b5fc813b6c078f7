// Between a YAML tree and JSON: the tree as JSON text, and a JSON patch (RFC 6902) carried out on
// the tree, so that everything the patch does not name keeps its exact digits and order. Pure
// functions, safe on any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/yaml_tree.h"

namespace smc::webhook {

// Appends `node` as JSON text. A problem, with `out` in an unspecified state: what yaml::resolve()
// finds one with, a key that JSON cannot have, and a key given twice.
Result<void, yaml::Problem> append_json(std::string& out, const yaml::Node& node);

// Carries out the operations add, remove, replace and move; `root` is in an unspecified state after
// an error.
Result<void> apply_patch(yaml::Node& root, std::string_view patch);

}  // namespace smc::webhook
