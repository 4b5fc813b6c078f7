// The node affinity that a pod requires, as plain values. Pure functions, safe on any thread; the
// views point into the parsed document.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "webhook/review/json_reader.h"

namespace smc::webhook {

// One requirement of a term (k8s.io/api/core/v1, NodeSelectorRequirement).
struct NodeRequirement {
  std::string_view key;
  std::string_view op;
  std::optional<JsonArray> values;  // strings alone

  bool lists(std::string_view value) const;
  std::size_t value_count() const { return values ? values->size() : 0; }
};

// One of several alternatives.
struct NodeTerm {
  std::size_t index = 0;         // in nodeSelectorTerms
  bool empty = true;             // matches no node, and shall not begin to
  bool has_expressions = false;  // matchExpressions is an array, which may be empty
  std::vector<NodeRequirement> expressions;
  std::vector<NodeRequirement> fields;
};

// The API server stores no object of more than 1.5 MiB (etcd's --max-request-bytes), and each term
// that counts takes some 100 bytes of it, each requirement some 20. More would only cost memory and
// a patch of many MiB.
inline constexpr std::size_t kMaxNodeTerms = 16384;
inline constexpr std::size_t kMaxNodeRequirements = 65536;

// The way down to requiredDuringSchedulingIgnoredDuringExecution; null counts as absent.
struct NodeAffinity {
  bool has_affinity = false;
  bool has_node_affinity = false;
  bool has_required = false;
  bool has_terms = false;  // nodeSelectorTerms is an array with something in it
  std::vector<NodeTerm> terms;
};

// `affinity` is the member of the pod's spec.
NodeAffinity read_node_affinity(JsonReader& reader, const Member& affinity);

}  // namespace smc::webhook
