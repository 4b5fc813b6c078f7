# a node's disk is full: the kubelet evicts the pods but not the agent, and with room again they come back to SMC-R
start_server apps node1
agent_of() { # NODE: the agent's pod there, and how often it was started
  kubectl -n "$NAMESPACE" get pods -l app.kubernetes.io/component=agent -o json |
    jq -r --arg node "$1" '.items[] | select(.spec.nodeName == $node) | "\(.metadata.uid) \(.status.containerStatuses[0].restartCount)"'
}
under_pressure() { # NODE STATUS
  kubectl get node "$1" -o json | jq -e --arg status "$2" 'any(.status.conditions[]; .type == "DiskPressure" and .status == $status)'
}
evicted() { # NAMESPACE POD
  kubectl -n "$1" get pod "$2" -o json | jq -e '.status.phase == "Failed" and .status.reason == "Evicted"'
}
export -f under_pressure evicted

before=$(agent_of node1)
# 60 MiB are left, of the 150 that the kubelet wants (node_runtime.sh)
# shellcheck disable=SC2016 # the variables are the node's
on_node node1 eval 'fallocate -l $(($(df --output=avail -B1M /var/lib | tail -1) - 60))M /var/lib/filler'
await 60 "node1 says that its disk is full" under_pressure node1 True
await 120 "the server is evicted" evicted apps server
matches "the reason" 'low on resource: ephemeral-storage' "$(kubectl -n apps get pod server -o jsonpath='{.status.message}')"
equal "the agent of node1" "$before" "$(agent_of node1)"
labelled node1 || fail "node1 has lost its label"
# What comes now goes where there is room.
pod elsewhere "$BENCH" '["server", "--listen", "0.0.0.0:8080"]' node1 'del(.spec.nodeSelector)' | kubectl -n apps create -f -
await 180 "another pod runs" in_phase apps elsewhere Running
equal "its node" node2 "$(kubectl -n apps get pod elsewhere -o jsonpath='{.spec.nodeName}')"
set_up apps elsewhere privileged

on_node node1 rm /var/lib/filler
await 90 "node1 has room again" under_pressure node1 False
equal "the agent of node1 at the end" "$before" "$(agent_of node1)"
kubectl -n apps delete pod server elsewhere
await 120 "two webhook pods are ready" two_addresses
pair apps privileged
