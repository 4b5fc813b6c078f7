# helm uninstall: Nodes and kernels are as they were before the install
for node in node1 node2; do
  on_node $node test -e "/sys/class/infiniband/$DEVICE" || device_comes $node
  await 60 "$node has its label" labelled $node
done
on_node node2 smc-look ueid-add OTHER # somebody else's stays
helm uninstall "$RELEASE" -n "$NAMESPACE" --wait --timeout 120s
left=$(left_of "$NAMESPACE")
equal "left of the release" "" "$left"
nodes=$(kubectl get nodes -o json)
equal "Nodes that were looked at" node1,node2,node3 "$(jq -r '[.items[].metadata.name] | sort | join(",")' <<< "$nodes")"
left=$(jq -r --arg prefix "$PREFIX/" '.items[].metadata | (.labels + .annotations) | keys[] | select(startswith($prefix))' <<< "$nodes")
equal "left on Nodes" "" "$left"
for node in node1 node2; do equal "pnetids of $node's kernel" '[]' "$(on_node $node smc-look pnets)"; done
for node in node1 node2; do on_node $node test ! -e /sys/fs/bpf/smc-node-agent || fail "$node keeps the BPF switch"; done
equal "UEIDs of node1's kernel" '[]' "$(on_node node1 smc-look ueids)"
equal "UEIDs of node2's kernel" '["OTHER"]' "$(on_node node2 smc-look ueids)"
