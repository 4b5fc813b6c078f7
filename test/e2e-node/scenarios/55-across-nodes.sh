# a pod on each of two nodes: SMC-R across the wire
for n in 1 2; do
  node=node$n
  on_node $node test ! -e "/sys/class/infiniband/$DEVICE" || device_goes $node
  on_node $node rdma_across $n $((3 - n))
done
for node in node1 node2; do await 90 "$node has its label" labelled $node; done

apart='.metadata.labels.pair = "apart" | .spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution =
  [{topologyKey: "kubernetes.io/hostname", labelSelector: {matchLabels: {pair: "apart"}}}]'
traffic_pod far-server '["server", "smc", "5000"]' "$apart"
kubectl -n apps wait --for=condition=Ready pod/far-server --timeout=90s
address=$(kubectl -n apps get pod far-server -o jsonpath='{.status.podIP}')
traffic_pod far-client "[\"client\", \"smc\", \"$address:5000\", \"--stream\", \"--size=10000\", \"--requests=500\", \"--hold\"]" "$apart"
kubectl -n apps wait --for=condition=Ready pod/far-client --timeout=90s
result=$E2E_DIR/logs/apps_far-client_app.log
await 90 "the client has its answers" grep -q '^{.*connections' "$result"
equal "what the client lost" '[0,""]' "$(jq -c '[.lost, .error]' "$result")"
for pod in far-server far-client; do
  node=$(kubectl -n apps get pod $pod -o jsonpath='{.spec.nodeName}')
  uid=$(uid_of apps $pod)
  verified apps $pod
  equal "SMC sockets of the $pod on $node" '{"smcr":1}' "$(smc_sockets "$node" "$uid")"
  equal "fallbacks of the $pod" '[]' "$(on_node "$node" in_pod "$uid" smc-look fallbacks)"
  await 30 "the $pod's socket is counted" metric_of "$node" smc_node_sockets "$uid" 'mode="smcr"' 1
done
equal "nodes in use" node1,node2 "$(kubectl -n apps get pods -o json | jq -r '[.items[].spec.nodeName] | sort | join(",")')"
figure "5 MB each way in $(jq .seconds "$result") s"
kubectl -n apps delete pod far-client far-server
