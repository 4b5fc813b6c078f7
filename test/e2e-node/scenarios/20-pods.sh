# two pods, set up as their init containers say: SMC-R, no fallback, their names in the metrics
traffic_pod elsewhere '["server", "smc", "5000"]' '.spec.nodeSelector["kubernetes.io/hostname"] = "node2"'
traffic_pod server '["server", "smc", "5000"]'
kubectl -n apps wait --for=condition=Ready pod/server --timeout=60s
equal "node of the server" node1 "$(kubectl -n apps get pod server -o jsonpath='{.spec.nodeName}')"
await 10 "a node without the label gets no annotated pod" unschedulable apps elsewhere
verified apps server
server=$(uid_of apps server)
address=$(kubectl -n apps get pod server -o jsonpath='{.status.podIP}')

before=$(on_node node1 eth0_bytes "$server")
traffic_pod client "[\"client\", \"smc\", \"$address:5000\", \"--stream\", \"--size=10000\", \"--requests=500\", \"--hold\"]"
result=$E2E_DIR/logs/apps_client_app.log
await 90 "the client has its answers" grep -q '^{.*connections' "$result"
equal "what the client lost" '[0,""]' "$(jq -c '[.lost, .error]' "$result")"
wire=$(($(on_node node1 eth0_bytes "$server") - before))
verified apps client
client=$(uid_of apps client)

# the kernel's word, not the agent's
for uid in "$server" "$client"; do
  equal "SMC sockets of $uid" '{"smcr":1}' "$(smc_sockets node1 "$uid")"
  equal "fallbacks in $uid" '[]' "$(on_node node1 in_pod "$uid" smc-look fallbacks)"
done
((wire < 20000)) || fail "$wire bytes on the server's eth0"
figure "5 MB each way, $wire bytes on the server's eth0"

for pod in server client; do
  uid=$(uid_of apps $pod)
  await 30 "$pod is counted under its name" agent_shows node1 "pod_uid=\"$uid\",namespace=\"apps\",pod=\"$pod\""
  await 30 "$pod's socket is SMC-R" metric_of node1 smc_node_sockets "$uid" 'mode="smcr"' 1
  metric_of node1 smc_node_connections_total "$uid" "side=\"$pod\",version=\"2\"" 1 || fail "$pod's handshake is not counted"
  agent_shows_no node1 "smc_node_fallbacks_total{scope=\"pod\",pod_uid=\"$uid\"" || fail "$pod has fallbacks"
done
agent_shows_no node1 'smc_node_annotated_not_set_up{' || fail "a pod that is set up is reported"

kubectl -n apps delete pod elsewhere client server
for uid in "$server" "$client"; do await 30 "no series of $uid is left" agent_shows_no node1 "$uid"; done
