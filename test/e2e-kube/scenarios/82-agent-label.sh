# label and scheduler follow the node's state, and a node that is no longer chosen is given back (kernel played)
for n in 1 2 3; do kernel "node$n" '.device = false'; done
agents smc-node-agent-played
annotated_pod '.metadata.name = "follower"' | kubectl -n apps create -f -
await 10 "without a labelled node the pod is unschedulable" bash -c "kubectl -n apps get pod follower -o json | jq -e '
  .spec.nodeName == null and any(.status.conditions[]; .reason == \"Unschedulable\")'"

kernel node3 '.device = true'
await 15 "node3 gets its label" labelled node3
matches "words of node3" "^ready; programs: net.smc.tcp2smc" "$(words_of node3)"
await 10 "the pod runs" bash -c "kubectl -n apps get pod follower -o json | jq -e '.status.phase == \"Running\"'"
equal "node of the pod" node3 "$(kubectl -n apps get pod follower -o jsonpath='{.spec.nodeName}')"
await 5 "an event about it" has_event Node node3 SmcReady
await 5 "node1, which never had a device, is no candidate" agent_shows node1 'smc_node_candidate 0'
await 5 "node3 is one" agent_shows node3 'smc_node_candidate 1'

# somebody takes the label off, or gives it to a node that cannot
kubectl label node node3 "$PREFIX/erdma-"
kubectl label node node1 "$PREFIX/erdma=true"
await 10 "node3 has its label again" labelled node3
await 10 "node1 has none again" not_labelled node1

# the device goes: no new pod, and a shorter break changes nothing
kernel node3 '.device = false'
sleep 1.2
kernel node3 '.device = true'
sleep 4
await 1 "node3 kept its label" labelled node3
kernel node3 '.device = false'
await 15 "node3 has no label any more" not_labelled node3
matches "words of node3" "^not ready: .*rdma device" "$(words_of node3)"
agent_shows node3 'smc_node_candidate 1' || fail "a device that went away is no failure any more"
annotated_pod '.metadata.name = "latecomer"' | kubectl -n apps create -f -
await 10 "a new pod finds no node" bash -c "kubectl -n apps get pod latecomer -o json | jq -e '
  .spec.nodeName == null and any(.status.conditions[]; .reason == \"Unschedulable\")'"
equal "phase of the pod that runs" Running "$(kubectl -n apps get pod follower -o jsonpath='{.status.phase}')"
kubectl -n apps delete pod latecomer follower

# an upgrade of the agents leaves everything as it is
kernel node1 '.device = true'
await 15 "node1 gets its label" labelled node1
tables=$(cat "$KERNEL_DIR/node1.tables.json")
matches "tables of node1" SMC-E2E "$tables"
changes=$(events_of Node node1 SmcNotReady)
kubectl -n "$NAMESPACE" rollout restart "daemonset/$RELEASE-smc-webhook-agent"
kubectl -n "$NAMESPACE" rollout status "daemonset/$RELEASE-smc-webhook-agent" --timeout=60s
labelled node1 || fail "the label went with the old agent"
equal "tables of node1" "$tables" "$(cat "$KERNEL_DIR/node1.tables.json")"
equal "events" "$changes" "$(events_of Node node1 SmcNotReady)"

# a node that is no longer chosen is given back whole, and set up again once it is chosen anew
kubectl label node node2 node3 e2e/agents=yes
agents smc-node-agent-played --set agent.nodeSelector.e2e/agents=yes
await 15 "node1 has no label any more" not_labelled node1
equal "words of node1" "" "$(words_of node1)"
await 5 "node1 has no UEID of ours" bash -c "! grep SMC-E2E '$KERNEL_DIR/node1.tables.json'"
kubectl label node node1 e2e/agents=yes
await 30 "node1 has its label again" labelled node1
matches "tables of node1" SMC-E2E "$(cat "$KERNEL_DIR/node1.tables.json")"
