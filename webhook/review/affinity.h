// Required node affinity: that our label is there, ANDed into every alternative that the pod gives.
// Pure functions of the pod, safe on any thread.
#pragma once

#include "webhook/review/compiled_config.h"
#include "webhook/review/node_affinity.h"
#include "webhook/review/patch.h"
#include "webhook/review/warnings.h"

namespace smc::webhook {

// Whether `holds` of every term that can match a node at all, of which there must be one.
template <class Predicate>
bool all_usable_terms(const NodeAffinity& affinity, Predicate holds) {
  bool any = false;
  for (const NodeTerm& term : affinity.terms) {
    if (term.empty) continue;
    if (!holds(term)) return false;
    any = true;
  }
  return any;
}

// Whether the term lets the pod onto one node alone, as the DaemonSet controller writes it.
bool names_a_node(const NodeTerm& term);

// Adds what is missing, but to a term that names a node, and warns where the pod then matches no
// node.
void require_label(const NodeAffinity& affinity, const CompiledConfig& config, Patch& patch,
                   Warnings& warnings);

}  // namespace smc::webhook
