# the agents that ship: the node with an RDMA device gets label, words and Event, the others do not
namespace "$NAMESPACE"
namespace apps
kubectl label namespace kube-system kubernetes.io/metadata.name=kube-system
# once it is up a machine's clock is its own, and certificates are judged by it
now=$(date +%s)
for node in node1 node2; do
  off=$(($(on_node $node date +%s) - now))
  ((off >= -2 && off <= 5)) || fail "the clock of $node is $off s off"
done
device_comes node1

# lo has no MAC address to make a pnetid of; the Node is read thrice a minute, so that each half minute of the API
# server's absence meets a look at it
helm install "$RELEASE" "$CHART" -n "$NAMESPACE" --wait --timeout 150s --set agent.ueid="$UEID" \
  --set "agent.extraArgs={--pnetid=$PNETID,--node-period=20}" \
  --set 'injection.overrides.allowed={on-failure,programs}' --set-string 'webhook.nodeSelector.kubernetes\.io/hostname=node3'
started=$SECONDS
await 60 "node1 has its label" labelled node1
figure "labelled $((SECONDS - started)) s after the agents' start"
matches "words of node1" "^ready; programs: the agent's BPF switch" "$(words_of node1)"
await 5 "an Event about it" has_event Node node1 SmcReady
equal "pnetids of node1's kernel" "[{\"pnetid\":\"$PNETID\",\"eth\":\"n/a\",\"ib\":\"$DEVICE\"}]" "$(on_node node1 smc-look pnets)"
equal "UEIDs of node1's kernel" "[\"$UEID\"]" "$(on_node node1 smc-look ueids)"
declare -A words=([node2]='^not ready: rdma device: none' [node3]='^not ready: [a-z]') # node3 lacks more than a device
for node in node2 node3; do
  await 60 "$node says why it is not ready" bash -c "[ -n \"\$(words_of $node)\" ]"
  matches "words of $node" "${words[$node]}" "$(words_of $node)"
  not_labelled $node || fail "$node has the label"
done
not_run "an agent may change its own Node only (ValidatingAdmissionPolicy)" "this API server is 1.20, the policy needs 1.30"
