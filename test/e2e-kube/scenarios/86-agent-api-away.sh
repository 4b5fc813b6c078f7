# the API server away for 30 s: the agents go on, come back by themselves, and ask no faster
kernel node2 '.device = true'
agents smc-node-agent-played
await 15 "node2 has its label" labelled node2
rounds() { agent_metrics node2 | sed -n 's/^smc_node_rounds_total{result="ready"} //p'; }
errors() { agent_metrics node2 | sed -n 's/^smc_node_api_errors_total{what="node"} //p'; }
before=$(rounds) failed=$(errors)
stop_api_server kube-apiserver
kernel node2 '.device = false'
sleep 10
agent_shows node2 'smc_node_api_up{what="node"} 0' || fail "the agent does not say that the API server is away"
agent_shows node2 'smc_node_api_up{what="pods"} 0' || fail "the agent does not say that its pods may be stale"
sleep 20
attempts=$(($(errors) - failed))
((attempts >= 3 && attempts <= 30)) || fail "$attempts attempts in 30 s"
start_api_server
await_api_server $API_PORT
await 45 "node2 loses its label" not_labelled node2
await 45 "the agent sees its pods" agent_shows node2 'smc_node_api_up{what="pods"} 1'
((before > 0)) || fail "no rounds before"
figure "$attempts attempts in 30 s"
