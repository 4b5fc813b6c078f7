// `kubectl smc status`: what the agents say of pods, for people and as JSON. Pure functions, safe
// on any thread.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kubectl/names.h"

namespace smc::kubectl {

// A pod that was asked about: what its agent says (POD of the agents' /v1), or why nobody can.
struct PodStatus {
  std::string ns, name, node;
  nlohmann::json answer;  // null: see problem
  std::string problem;
  std::string hint;
  bool injected = true;
};

// One line a pod, then what is amiss with hints.
std::string pods_text(const std::vector<PodStatus>& pods);

// One pod with its sockets, their peers by name.
std::string pod_text(const PodStatus& pod, const Names& names);

// {"pods": […]}; each socket with "peerName" where it is known.
std::string pods_json(const std::vector<PodStatus>& pods, const Names& names);

// One line a node.
std::string nodes_text(const std::vector<nlohmann::json>& statuses);

// Whether all of them are set up and none has a finding.
bool all_well(const std::vector<PodStatus>& pods);

// "03010000 peer has no SMC: what to do".
std::string fallback_words(const nlohmann::json& fallback);

}  // namespace smc::kubectl
