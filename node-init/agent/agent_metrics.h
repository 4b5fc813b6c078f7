// Every metric of the agent, each with its help and unit, made from what the last rounds found: a
// pod's series come and go with the pod. Pure functions, safe on any thread.
//
// In Prometheus' text format:
//   smc_node_info{version}                           1
//   smc_node_ready                                   1 if no check failed
//   smc_node_candidate                               1: the node has, or had since its boot, RDMA
//                                                    hardware, or a device is asked for by name; 0:
//                                                    it is no node for SMC-R, and not ready for
//                                                    that reason alone
//   smc_node_check{check,verdict}                    1; the worst verdict (PASS, WARN, FAIL) of it
//   smc_node_port_active{device,port,interface}      1 or 0
//   smc_node_port_pnetid{device,port,pnetid,owner}   1; owner agent, other, hardware or nobody
//   smc_node_ueid{ueid,owner}                        1; owner agent or other
//   smc_node_setup_steps_total{kind,repair}          kind pnetid or ueid
//   smc_node_rounds_total{result}                    ready, not_ready or refused
//   smc_node_list_entries{list}                      of switch (network namespaces in which the BPF
//                                                    switch is on) and destinations (excluded, of
//                                                    all pods); absent where there is no such list
//   smc_node_list_limit{list}                        how many there may be
//   smc_node_pod_setups_total{result}                done or failed: of pods' network namespaces
//   smc_node_last_round_timestamp_seconds            Unix time
//   smc_node_pod_namespaces{state}                   observed, or dropped (kMaxPodNamespaces,
//                                                    kMaxNamespacesOfPod)
//   smc_node_observation_problems                    namespaces that could not be read in full
//   smc_node_observation_seconds                     duration of the last look at all namespaces
// and for the node's own network namespace (scope="node", which hostNetwork pods share) and for
// each pod's (scope="pod", with pod_uid, namespace and pod):
//   smc_node_connections_total{side,version}         became SMC-R; side client or server, 1 or 2
//   smc_node_fallbacks_total{side,code,reason}       went on as TCP; code is the CLC decline's
//   smc_node_sockets{mode,hop,peer}                  mode smcr, smcd or tcp; hop local or remote,
//                                                    unknown where the kernel hides the addresses;
//                                                    peer no_smc: it has no SMC, see PeerKind
//   smc_node_smcr_bytes_total{direction}             payload, sent or received
//
// Series of one pod, at most: 4 connections, 74 fallbacks (the kernel holds 36 reasons a side, the
// others are one), 18 sockets, 2 bytes; and there are at most kMaxPodNamespaces pods.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "node-init/agent/node_round.h"
#include "node-init/agent/pod_observer.h"
#include "node-init/agent/pod_setups.h"
#include "node-init/kernel/list_use.h"

namespace smc::node {

// What the rounds so far amount to.
struct AgentCounters {
  std::map<std::pair<SetupStep::Kind, bool>, std::uint64_t> steps;  // by kind and whether a repair
  std::map<ExitCode, std::uint64_t> rounds;                         // by result
  PodSetupCounters pods;
};

struct AgentSnapshot {
  NodeReport report;
  AgentCounters counters;
  std::chrono::system_clock::time_point last_round;
  bool observed = false;  // `observation` is one
  Observation observation;
  std::chrono::duration<double> observation_took{0};
  std::optional<ListUse> destinations;  // that are excluded; nothing: this agent sets up no pod
};

std::string metrics_text(const AgentSnapshot& snapshot, const PodDirectory& pods);

}  // namespace smc::node
