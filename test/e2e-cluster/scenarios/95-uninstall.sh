# helm uninstall: Nodes and kernels are as they were before the install
helm uninstall "$RELEASE" -n "$NAMESPACE" --wait --timeout 120s
for node in node1 node2; do
  equal "pnetids of $node's kernel" '[]' "$(on_node $node smc-look pnets)"
  equal "UEIDs of $node's kernel" '[]' "$(on_node $node smc-look ueids)"
  on_node $node test ! -e /sys/fs/bpf/smc-node-agent || fail "$node keeps the BPF switch"
done
left=$(kubectl get nodes -o json | jq -r --arg prefix "$PREFIX/" '.items[].metadata | (.labels + .annotations) | keys[] | select(startswith($prefix))')
equal "left on Nodes" "" "$left"
