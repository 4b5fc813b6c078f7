// A change of a YAML tree carried out on the text that it was read from: by insertion wherever
// something is new, so that every other byte, comments and quoting included, stays as it is. Pure,
// one thread each.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/yaml_tree.h"
#include "webhook/commands/yaml_text.h"

namespace smc::webhook {

// `length` bytes at `at` give way to `text`.
struct YamlEdit {
  std::size_t at = 0;
  std::size_t length = 0;
  std::string text;
  std::size_t node = 0;  // where the node that changes begins, and its line
  int line = 0;
};

// Collects what has to be written. Entries are added behind a map's last one, items where they
// belong; in brackets that have a line for each value, and in front of lists, in lines of their
// own.
class YamlEditor {
 public:
  YamlEditor(std::string_view text, YamlLayout layout);

  // What makes `after` of `before`. `before` was read from the text; nodes of `after` that have a
  // line are nodes of `before`.
  void change(const yaml::Node& before, const yaml::Node& after);

  std::vector<YamlEdit> take();

 private:
  void change_child(const yaml::Node& parent, const yaml::Node& before, const yaml::Node& after);
  void change_map(const yaml::Node& before, const yaml::Node& after);
  void change_list(const yaml::Node& before, const yaml::Node& after);
  void replace(const yaml::Node& parent, const yaml::Node& before, const yaml::Node& after);
  void add_entries(const yaml::Node& map, const std::vector<const yaml::Node*>& keys_and_values);
  void add_item(const yaml::Node& list, std::size_t index, const yaml::Node& item);
  void remove_child(const yaml::Node& parent, std::size_t index, std::size_t width);

  void add_flow_lines(const yaml::Node& collection, const std::string& name,
                      const yaml::Node& value);
  void insert_lines(std::size_t at, std::string lines, const yaml::Node& node);
  void edit(std::size_t at, std::size_t length, std::string text, const yaml::Node& node);

  std::size_t line_start(std::size_t at) const;
  std::size_t next_line(std::size_t at) const;
  std::size_t behind_comments(std::size_t at, std::size_t column) const;
  std::size_t before_comments(std::size_t at, std::size_t limit) const;
  bool has_own_line(std::size_t at) const;
  std::string prefix_of(std::size_t at) const;

  std::string_view text_;
  YamlLayout layout_;
  std::vector<YamlEdit> edits_;
};

// The text with all edits. Equal ones count once: a part that an alias repeats is changed for each
// of its places. A problem: edits that contradict each other.
Result<std::string, yaml::Problem> apply_edits(std::string_view text, std::vector<YamlEdit> edits);

// Whether two trees mean the same to Kubernetes; the order of a map's entries means nothing.
bool same_value(const yaml::Node& one, const yaml::Node& other);

}  // namespace smc::webhook
