// The annotated pods that are not set up, as of the last look, and one Event and one log line for
// each of their reasons. One thread.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "node-init/agent/cluster/events.h"
#include "node-init/agent/cluster/pod_facts.h"
#include "node-init/agent/cluster/setup_watch.h"
#include "node-init/agent/pod_observer.h"
#include "node-init/kernel/system.h"

namespace smc::node {

class PodFindings {
 public:
  PodFindings(System& system, std::string node, SetupWatch watch)
      : system_(system), node_(std::move(node)), watch_(std::move(watch)) {}

  // Queues an Event for each finding that was not reported before.
  std::vector<Finding> update(const std::vector<PodFacts>& pods, const Observation& observation,
                              EventQueue& events);

 private:
  System& system_;  // for its clocks
  std::string node_;
  SetupWatch watch_;
  std::set<std::pair<std::string, NotSetUp>> reported_;  // pods' UIDs
};

}  // namespace smc::node
