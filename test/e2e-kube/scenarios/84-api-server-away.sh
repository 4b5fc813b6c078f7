# the API server is away for a minute: webhook and agents go on, ask no more often than they should, and come back
ready() { # how many replicas say so, asked directly
  local address count=0
  for address in $addresses; do
    curl -sf -m 2 -o /dev/null "http://$address:8080/readyz" && ((++count))
  done
  [ "$count" = "$1" ]
}
figures() { # NAME [LABEL]: of all replicas, asked directly
  # shellcheck disable=SC2046 # one word an address
  curl -sf $(sed -E 's#[0-9.]+#http://&:8080/metrics#g' <<< "$addresses") | awk -v name="$1" -v label="${2:-}" '$1 ~ "^" name "({|$)" && index($0, label) {sum += $NF} END {print sum + 0}'
}
agent_sum() { # REGEX: over all series of node2's agent that begin so
  agent_metrics node2 | awk -v name="$1" '$1 ~ "^" name {sum += $NF} END {print sum + 0}'
}
away=${AWAY:-60}

kernel node2 '.device = true'
agents smc-node-agent-played --force-conflicts # Helm asks before it overwrites what another scenario patched
await 15 "node2 has its label" labelled node2
await 30 "the old webhook pods are gone" two_webhook_pods
await 30 "the API server answers the replicas" bash -c "[ \"\$(metric smc_webhook_api_up certificates)\" = 2 ]"
addresses=$(webhook_addresses)
cpu=$(figures process_cpu_seconds_total)
errors=$(figures smc_webhook_api_errors_total)
failed=$(agent_sum 'smc_node_api_errors_total.what="node".')

stop_api_server kube-apiserver
stopped=$SECONDS
kernel node2 '.device = false'
rounds=$(agent_sum smc_node_rounds_total)
await 15 "the agent says that the API server is away" agent_shows node2 'smc_node_api_up{what="node"} 0'
await 15 "and that its pods may be stale" agent_shows node2 'smc_node_api_up{what="pods"} 0'
sleep $((away - (SECONDS - stopped)))
ready 2 || fail "a replica is not ready without the API server"
equal "replicas that it answers while it is away" 0 "$(figures smc_webhook_api_up certificates)"
cpu=$(jq -n "($(figures process_cpu_seconds_total) - $cpu) * 1000 | round")
errors=$(($(figures smc_webhook_api_errors_total) - errors))
rounds=$(($(agent_sum smc_node_rounds_total) - rounds))
attempts=$(($(agent_sum 'smc_node_api_errors_total.what="node".') - failed))

start_api_server
await_api_server "$API_PORT"
await 30 "the API server answers the replicas again" bash -c "[ \"\$(metric smc_webhook_api_up certificates)\" = 2 ]"
await 45 "node2 loses its label" not_labelled node2
await 45 "the agent sees its pods" agent_shows node2 'smc_node_api_up{what="pods"} 1'
kubectl patch mutatingwebhookconfiguration "$CONFIGURATION" --type=json \
  -p '[{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]'
await 5 "caBundle is put right" bash -c '[ "$(ca_bundle | certificates_in)" != 0 ]'
annotated_pod > "$SCENARIO_DIR/pod.json"
await 10 "annotated pods are injected" injects

figure "$away s away: $cpu ms of CPU and $errors failed requests of two replicas, $attempts attempts of the agent"
((cpu < 1000)) || fail "$cpu ms of CPU without an API server"
((rounds >= away / 2)) || fail "$rounds rounds of the agent in $away s, one a second was asked for"
((attempts >= 3 && attempts <= away / 2)) || fail "$attempts attempts of the agent in $away s"
