# helm uninstall leaves nothing behind: cluster-scoped objects, labels and annotations of Nodes, what agents set up
kernel node1 '.device = true'
agents smc-node-agent-played --force-conflicts # Helm asks before it overwrites what the scenario before patched
await 15 "node1 has its label" labelled node1
matches "tables of node1" SMC-E2E "$(cat "$KERNEL_DIR/node1.tables.json")"
# a Node that has the label and no agent: none is made for it
kubectl create -f - <<JSON
{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "bare", "labels": {"kubernetes.io/os": "other", "$PREFIX/erdma": "true"},
  "annotations": {"$PREFIX/node": "ready"}}}
JSON
helm uninstall "$RELEASE" -n "$NAMESPACE" --wait --timeout 90s
left=$(left_of "$NAMESPACE")
equal "left of the release" "" "$left"
nodes=$(kubectl get nodes -o json)
equal "Nodes that were looked at" bare,node1,node2,node3 "$(jq -r '[.items[].metadata.name] | sort | join(",")' <<< "$nodes")"
left=$(jq -r --arg prefix "$PREFIX/" '.items[].metadata | (.labels + .annotations) | keys[] | select(startswith($prefix))' <<< "$nodes")
equal "left on Nodes" "" "$left"
for n in 1 2 3; do
  equal "left in node$n's kernel" '[] []' "$(jq -c '.pnetids, .ueids' "$KERNEL_DIR/node$n.tables.json" | paste -sd' ')"
done
kubectl delete node bare
