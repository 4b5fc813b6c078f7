// What the agent wants to know of a pod of its node, read from the API server's object. Pure
// functions, safe on any thread.
#pragma once

#include <map>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/destinations.h"

namespace smc::node {

struct PodFacts {
  std::string uid;
  // As the names of control groups have it: a static pod's is the one that its kubelet made up.
  std::string cgroup_uid;
  std::string ns;
  std::string name;
  bool asks_for_smc = false;  // annotated with "true"
  bool injected = false;      // has the webhook's mark and the container that it names
  bool programs_ask = false;  // its programs ask for SMC themselves, as the webhook allowed
  bool running = false;       // past its init containers, and not being deleted
  bool host_network = false;
  bool is_static = false;             // the kubelet's own, which no API server admitted
  Destinations exclude_destinations;  // by its annotation; none where that cannot be read
  // What the injected container says:
  bool by_itself = false;           // it sets the namespace up, but for what the agent alone can
  bool by_agent = false;            // it waits for the agent to set the namespace up
  std::string setup_container;      // its name; empty: none is injected
  bool wants_destinations = false;  // it has a list of excluded ones
  std::string interface;            // empty: the agent chooses
  std::string pnetid;               // empty: the agent chooses
  // The names of its containers by their runtime's IDs, of those that have run.
  std::map<std::string, std::string> containers;

  bool operator==(const PodFacts&) const = default;
};

// Nothing for what is no pod with a UID, a namespace and a name.
std::optional<PodFacts> read_pod(const nlohmann::json& pod);

}  // namespace smc::node
