// Writes a tree as YAML that means the same to every reader: a string that a YAML 1.1 or 1.2 reader
// could take for a number, a boolean, null, a date or a merge key is quoted, everything else is
// written in the form that JSON has for it. Pure functions, safe on any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/yaml_tree.h"

namespace smc::yaml {

// One document in block style without a "---", ended by a line break. Keys keep their order, texts
// of several lines become block scalars, comments and anchors are gone. A problem: what resolve()
// finds one with, and keys that JSON cannot have (lists, maps, null).
Result<std::string, Problem> write(const Node& root);

}  // namespace smc::yaml
