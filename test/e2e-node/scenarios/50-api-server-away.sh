# the API server hangs for half a minute, then is gone for another: the agent goes on and comes back
node_metric() { # REGEX: summed over the series of node1's agent that begin so
  agent_metrics node1 | awk -v name="$1" '$1 ~ "^" name {sum += $NF} END {print sum + 0}'
}
half=${AWAY:-60}
half=$((half / 2))
agent=$(kubectl -n "$NAMESPACE" get pods -l app.kubernetes.io/component=agent --field-selector spec.nodeName=node1 -o jsonpath='{.items[0].metadata.uid}')
rounds=$(node_metric smc_node_rounds_total)
attempts=$(node_metric smc_node_api_errors_total)
cpu=$(on_node node1 cpu_of "$agent")

kill -STOP "$(cat "$E2E_DIR/kube-apiserver.pid")"
sleep "$half"
stop_api_server kube-apiserver
await 30 "the agent says that the API server is away" agent_shows node1 'smc_node_api_up{what="pods"} 0'
sleep "$half"
rounds=$(($(node_metric smc_node_rounds_total) - rounds))
attempts=$(($(node_metric smc_node_api_errors_total) - attempts))
cpu=$((($(on_node node1 cpu_of "$agent") - cpu) * 10))
start_api_server
await_api_server "$API_PORT"
await 60 "the agent sees its pods again" agent_shows node1 'smc_node_api_up{what="pods"} 1'
labelled node1 || fail "node1 has lost its label"

traffic_pod after '["server", "smc", "5000"]' '.spec.nodeSelector["kubernetes.io/hostname"] = "node1"'
kubectl -n apps wait --for=condition=Ready pod/after --timeout=60s
verified apps after
await 30 "a new pod is known by its name" agent_shows node1 "pod_uid=\"$(uid_of apps after)\",namespace=\"apps\",pod=\"after\""
kubectl -n apps delete pod after

figure "$rounds rounds, $attempts failed attempts, $cpu ms of an emulated CPU"
((rounds >= half / 10)) || fail "$rounds rounds of the agent"
((attempts >= 2 && attempts <= half)) || fail "$attempts attempts of the agent"
((cpu <= half * 200)) || fail "$cpu ms of CPU"
