# helm uninstall leaves nothing behind: cluster-scoped objects, labels and annotations of Nodes, what agents set up
kernel node1 '.device = true'
agents smc-node-agent-played
await 15 "node1 has its label" labelled node1
matches "tables of node1" SMC-E2E "$(cat "$KERNEL_DIR/node1.tables.json")"
kubectl label node node3 "$PREFIX/erdma=true" # of somebody, or of an agent that went without a word
helm uninstall "$RELEASE" -n "$NAMESPACE" --wait --timeout 90s
left=$(left_of "$NAMESPACE")
equal "left of the release" "" "$left"
nodes=$(kubectl get nodes -o json)
equal "left on Nodes" "" "$(jq -r --arg prefix "$PREFIX/" '.items[].metadata | (.labels + .annotations) | keys[] | select(startswith($prefix))' <<< "$nodes")"
for n in 1 2 3; do
  equal "left in node$n's kernel" '[] []' "$(jq -c '.pnetids, .ueids' "$KERNEL_DIR/node$n.tables.json" | paste -sd' ')"
done
