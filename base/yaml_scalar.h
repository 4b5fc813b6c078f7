// What a YAML scalar is to Kubernetes: kubectl reads YAML by go-yaml's rules, which are YAML 1.1
// with some of 1.2, and sends it on as JSON. Pure functions, safe on any thread.
#pragma once

#include <string>

#include "base/result.h"
#include "base/yaml_tree.h"

namespace smc::yaml {

enum class ScalarType { kNull, kBool, kNumber, kString };

struct Scalar {
  ScalarType type = ScalarType::kNull;
  // Of a string its characters, of a number or a boolean its JSON text; digits are never rounded.
  std::string value;
};

// `node` is a scalar or null. A problem: a tag that JSON has no type for or that does not fit the
// text, and numbers that JSON cannot carry (.inf, .nan).
Result<Scalar, Problem> resolve(const Node& node);

}  // namespace smc::yaml
