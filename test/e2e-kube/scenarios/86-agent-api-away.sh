# the API server away for 30 s: the agents go on, come back by themselves, and ask no faster
kernel node2 '.device = true'
agents smc-node-agent-played
await 15 "node2 has its label" labelled node2
sum_of() { # REGEX: over all series of node2's agent that begin so
  agent_metrics node2 | awk -v name="$1" '$1 ~ "^" name {sum += $NF} END {print sum + 0}'
}
failed=$(sum_of 'smc_node_api_errors_total.what="node".')
stop_api_server kube-apiserver
kernel node2 '.device = false'
rounds=$(sum_of smc_node_rounds_total)
await 15 "the agent says that the API server is away" agent_shows node2 'smc_node_api_up{what="node"} 0'
await 15 "and that its pods may be stale" agent_shows node2 'smc_node_api_up{what="pods"} 0'
sleep 25
rounds=$(($(sum_of smc_node_rounds_total) - rounds))
((rounds >= 15)) || fail "$rounds rounds in more than 25 s, one a second was asked for"
attempts=$(($(sum_of 'smc_node_api_errors_total.what="node".') - failed))
((attempts >= 3 && attempts <= 30)) || fail "$attempts attempts in half a minute"
start_api_server
await_api_server "$API_PORT"
await 45 "node2 loses its label" not_labelled node2
await 45 "the agent sees its pods" agent_shows node2 'smc_node_api_up{what="pods"} 1'
figure "$attempts attempts"
