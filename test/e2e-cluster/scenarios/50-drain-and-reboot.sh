# a node is drained, and its machine starts anew: the agent sets it up again, and pods come back to SMC-R there
start_server apps node2
kubectl drain node2 --ignore-daemonsets --delete-emptydir-data --force --timeout=300s
none_left -n apps get pods || fail "the drain left a pod in apps"
await 120 "the webhook has two pods on the other node" bash -c \
  "kubectl -n $NAMESPACE get pods -o json | jq -e '[.items[] | select(.metadata.labels[\"app.kubernetes.io/component\"] == \"webhook\"
    and .spec.nodeName == \"node1\" and any(.status.conditions[]; .type == \"Ready\" and .status == \"True\"))] | length == 2'"

machine=$E2E_DIR/machines/node2
touch "$machine/stop"
await 60 "the machine of node2 has ended" test -e "$machine/down"
await 120 "the cluster sees that node2 is silent" bash -c '! node_ready node2'
rm "$machine"/{up,down,stop}
start_again 2
await 300 "node2 is Ready" node_ready node2
await 180 "its agent has set the kernel up again" bash -c "on_node node2 smc-look ueids | grep -q '$UEID' && labelled node2"
kubectl uncordon node2
pair apps privileged
