// New YAML in the manner of a text that is there: the lines of an entry or item in block style, and
// values in brackets. A string that a YAML 1.1 or 1.2 reader could take for anything else is
// quoted. Pure functions, safe on any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/yaml_tree.h"

namespace smc::webhook {

// How a text is laid out.
struct YamlLayout {
  std::size_t step = 2;         // columns from a map to a map within it
  std::size_t list_offset = 0;  // columns from a key to the "-" of its list
  bool tight = false;           // {"a":1}, not {"a": 1}
  std::string line_break = "\n";
};

// Of a text, judged by the first of its maps and lists; `near` is looked at first.
YamlLayout layout_of(std::string_view text, const yaml::Node& document, const yaml::Node& near);

// Lines with `prefix` in front of each: "key: value", "- item", and the entries or items of a
// collection that is not empty.
std::string block_entry(const yaml::Node& key, const yaml::Node& value, const std::string& prefix,
                        const YamlLayout& layout);
std::string block_item(const yaml::Node& item, const std::string& prefix, const YamlLayout& layout);
std::string block_collection(const yaml::Node& node, const std::string& prefix,
                             const YamlLayout& layout);

// A scalar as it may stand behind a block style's key.
std::string block_scalar(const yaml::Node& node);

// JSON, which is YAML too, on one line.
std::string flow_value(const yaml::Node& node, const YamlLayout& layout);

// JSON over several lines; `prefix` stands in front of the line that it begins in, `step` is what
// each level adds.
std::string flow_lines(const yaml::Node& node, const std::string& prefix, const std::string& step,
                       const YamlLayout& layout);

}  // namespace smc::webhook
