#include "webhook/review/affinity.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <vector>

#include "base/json_text.h"

namespace smc::webhook {
namespace {

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

// Whether a node whose label has `value` meets the requirement (k8s.io/api/core/v1,
// NodeSelectorRequirement). An operator that the API server does not know is for it to refuse.
bool allows(const NodeRequirement& requirement, std::string_view value) {
  if (requirement.op == "In") return requirement.lists(value);
  if (requirement.op == "NotIn") return !requirement.lists(value);
  if (requirement.op == "DoesNotExist") return false;
  if (requirement.op != "Gt" && requirement.op != "Lt") return true;
  const auto ours = whole_number(value);
  std::string_view text;
  if (!ours || requirement.value_count() != 1 ||
      requirement.values->at(0).get(text) != simdjson::SUCCESS)
    return false;
  const auto bound = whole_number(text);
  return bound && (requirement.op == "Gt" ? *ours > *bound : *ours < *bound);
}

// The very requirement that we add.
bool is_ours(const NodeRequirement& requirement, const Config::Affinity& label) {
  return requirement.op == "In" && requirement.value_count() == label.values.size() &&
         std::all_of(label.values.begin(), label.values.end(),
                     [&](const std::string& value) { return requirement.lists(value); });
}

struct LabelInTerm {
  bool required = false;  // by the very expression that we add
  bool excluded = false;  // the expressions leave none of our values
};

LabelInTerm label_in(const NodeTerm& term, const Config::Affinity& label) {
  LabelInTerm found;
  const auto all_allow = [&](std::string_view value) {
    return std::all_of(term.expressions.begin(), term.expressions.end(),
                       [&](const NodeRequirement& requirement) {
                         return requirement.key != label.key || allows(requirement, value);
                       });
  };
  for (const NodeRequirement& requirement : term.expressions)
    found.required |= requirement.key == label.key && is_ours(requirement, label);
  found.excluded = std::none_of(label.values.begin(), label.values.end(), all_allow);
  return found;
}

void add_first_term(const NodeAffinity& affinity, const CompiledConfig& config, Patch& patch) {
  if (!affinity.has_affinity)
    patch.add(config.add_affinity);
  else if (!affinity.has_node_affinity)
    patch.add(config.add_node_affinity);
  else
    patch.add(config.add_required);
}

void add_to_term(const NodeTerm& term, const CompiledConfig& config, Patch& patch) {
  std::string pointer(kRequiredPointer);
  pointer += "/nodeSelectorTerms/";
  pointer += std::to_string(term.index);
  pointer += "/matchExpressions";
  if (term.has_expressions)
    patch.add(pointer += "/-", {config.label_expression});
  else
    patch.add(pointer, {"[", config.label_expression, "]"});
}

}  // namespace

bool names_a_node(const NodeTerm& term) {
  return std::any_of(term.fields.begin(), term.fields.end(),
                     [](const NodeRequirement& requirement) {
                       return requirement.key == "metadata.name" && requirement.op == "In";
                     });
}

void require_label(const NodeAffinity& affinity, const CompiledConfig& config, Patch& patch,
                   Warnings& warnings) {
  if (!affinity.has_required) return add_first_term(affinity, config, patch);
  // Without terms the pod is not valid; the API server refuses it, and shall.
  if (!affinity.has_terms) return;

  const Config::Affinity& label = config.config.injection.affinity;
  std::size_t usable = 0;
  std::size_t excluded = 0;
  for (const NodeTerm& term : affinity.terms) {
    if (term.empty) continue;
    ++usable;
    if (names_a_node(term)) continue;
    const LabelInTerm found = label_in(term, label);
    if (found.excluded) ++excluded;
    if (!found.required) add_to_term(term, config, patch);
  }
  if (usable == 0)
    warnings.add("every term of the required node affinity is empty: the pod matches no node");
  else if (excluded == usable)
    warnings.add("the pod cannot be scheduled: its node affinity excludes nodes with " +
                 printable(label.key, kMaxShownCharacters));
  else if (excluded > 0)
    warnings.add("a node affinity term matches no node: it excludes nodes with " +
                 printable(label.key, kMaxShownCharacters));
}

}  // namespace smc::webhook
