// Reads single values of the configuration file: each function takes what stands under a key and
// sets `out`, or notes what is wrong and leaves `out` alone. For config.cc. Pure, safe on any
// thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/destinations.h"
#include "base/json_text.h"
#include "base/yaml_scalar.h"
#include "base/yaml_tree.h"

namespace smc::webhook {

using Problems = std::vector<yaml::Problem>;

// The smallest and the largest value of a limit, and why not beyond.
template <class T>
struct Range {
  T min;
  T max;
  std::string_view below;
  std::string_view above;
};

using Duration = std::chrono::milliseconds;
using DurationRange = Range<Duration>;
using CountRange = Range<std::size_t>;

// "1500ms", "90s", "2m": the largest unit that is exact.
std::string duration_text(Duration duration);

// "64Ki", "7Mi", "4096"
std::string count_text(std::size_t count);

// What stands there, for a message: a list, or the value itself with its type where that is what
// is wrong with it.
std::string describe(const yaml::Node& node);

void read_bool(const yaml::Node& node, bool& out, Problems& problems);

// A number with the unit ms, s, m or h.
void read_duration(const yaml::Node& node, const DurationRange& range, Duration& out,
                   Problems& problems);

// A whole number, which may have a quantity's suffix (7Mi).
void read_count(const yaml::Node& node, const CountRange& range, std::size_t& out,
                Problems& problems);

using Check = bool (*)(std::string_view);

// A string that `check` accepts.
void read_text(const yaml::Node& node, Check check, std::string& out, Problems& problems);

// The same where a number may stand without quotes, as Kubernetes takes it for quantities.
void read_quantity(const yaml::Node& node, Check check, std::string& out, Problems& problems);

// A list of `min_count` or more strings that `check` accepts.
void read_texts(const yaml::Node& node, std::size_t min_count, Check check,
                std::vector<std::string>& out, Problems& problems);

// A list of strings that parse_destination() takes.
void read_destinations(const yaml::Node& node, Destinations& out, Problems& problems);

// The words that may stand somewhere, each with its meaning.
template <class T>
using Choices = std::vector<std::pair<std::string_view, T>>;

template <class T>
std::string words(const Choices<T>& choices) {
  std::string out;
  for (const auto& [word, value] : choices) out.append(out.empty() ? "" : ", ").append(word);
  return out;
}

template <class T>
void read_choice(const yaml::Node& node, const Choices<T>& choices, T& out, Problems& problems) {
  const auto scalar = yaml::resolve(node);
  if (node.is_scalar() && scalar && scalar->type == yaml::ScalarType::kString)
    for (const auto& [word, value] : choices)
      if (word == scalar->value) {
        out = value;
        return;
      }
  problems.push_back({node.line, describe(node) + " is none of them"});
}

template <class T>
void read_choices(const yaml::Node& node, const Choices<T>& choices, std::vector<T>& out,
                  Problems& problems) {
  if (!node.is_list()) {
    problems.push_back({node.line, describe(node) + " is no list"});
    return;
  }
  std::vector<T> values(node.children.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    read_choice(node.children[i], choices, values[i], problems);
  out = std::move(values);
}

}  // namespace smc::webhook
