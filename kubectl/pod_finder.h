// From what a person types to pods: "POD", "KIND/NAME", or all annotated ones of a namespace. For
// the main thread.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kube/client.h"

namespace smc::kubectl {

// Of "deploy/web" the resource and the name; "web" and "pod/web" are pods.
struct PodChoice {
  kube::Resource resource;
  std::string name;
};
Result<PodChoice> parse_pod_choice(const std::string& text);

// Of the object that is named; without it, an error that is no refusal.
kube::Outcome<std::vector<nlohmann::json>> find_pods(kube::Client& client, const std::string& ns,
                                                     const PodChoice& choice);

// Those that ask for SMC; an empty namespace: all namespaces.
kube::Outcome<std::vector<nlohmann::json>> annotated_pods(kube::Client& client,
                                                          const std::string& ns);

}  // namespace smc::kubectl
