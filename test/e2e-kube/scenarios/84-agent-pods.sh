# annotated_not_set_up and the names in metrics follow the pods (kernel played)
if [ -z "$E2E_CGROUP" ]; then
  not_run "annotated_not_set_up follows the pods" "no control group can be made here, and they are how pods are found"
  exit 0
fi
kernel node1 '.device = true'
agents smc-node-agent-played
await 15 "node1 has its label" labelled node1
not_set_up() { # POD [REASON]: the line that node1's agent shows
  echo "smc_node_annotated_not_set_up{namespace=\"apps\",pod=\"$1\",pod_uid=\"$(uid_of "$1")\",reason=\"$2\"} 1"
}
uid_of() {
  kubectl -n apps get pod "$1" -o jsonpath='{.metadata.uid}'
}
on_node1() { # NAME JQ-FILTER: an annotated pod that the scheduler cannot put elsewhere
  annotated_pod ".metadata.name = \"$1\" | .spec.nodeSelector[\"kubernetes.io/hostname\"] = \"node1\" | ${2:-.}" |
    kubectl -n apps create -f -
  kubectl -n apps wait --for=condition=Ready "pod/$1" --timeout=20s
}

# created while the webhook was away; the node's own network is nobody's set-up
kubectl -n "$NAMESPACE" scale "deployment/$RELEASE-smc-webhook" --replicas=0
annotated_pod > "$SCENARIO_DIR/pod.json"
await 30 "the webhook is gone" bash -c "kubectl create --dry-run=server -o json -n apps -f '$SCENARIO_DIR/pod.json' |
  jq -e '.spec.initContainers == null'"
on_node1 unseen
on_node1 hostly '.spec.hostNetwork = true'
kubectl -n "$NAMESPACE" scale "deployment/$RELEASE-smc-webhook" --replicas=2
kubectl -n "$NAMESPACE" rollout status "deployment/$RELEASE-smc-webhook" --timeout=30s
await 10 "the webhook is asked again" bash -c "kubectl create --dry-run=server -o json -n apps -f '$SCENARIO_DIR/pod.json' |
  jq -e '.spec.initContainers[0].name == \"smc-init\"'"

# injected, and smc-init fell back to TCP: this kernel has no SMC
on_node1 wanting
inode=$(namespace_inode apps wanting)
uid=$(uid_of wanting)
await 10 "its figures bear its name" agent_shows node1 "pod_uid=\"$uid\",namespace=\"apps\",pod=\"wanting\""
agent_shows_no node1 'reason="no_pnetid"' || fail "reported within its grace period"
await 45 "it has no pnetid" agent_shows node1 "$(not_set_up wanting no_pnetid)"
await 5 "an event on the pod" has_event Pod wanting SmcNotSetUp
kernel node1 ".pods[\"$inode\"] = {pnetid: \"ELSEWHERE\"}"
await 5 "its pnetid leads nowhere" agent_shows node1 "$(not_set_up wanting pnetid_without_device)"
pnetid=$(jq -r '.pnetids[0].pnetid' "$KERNEL_DIR/node1.tables.json")
kernel node1 ".pods[\"$inode\"] = {pnetid: \"$pnetid\"}"
await 5 "its kernel has no switch" agent_shows node1 "$(not_set_up wanting no_switch)"
kernel node1 ".pods[\"$inode\"] = {pnetid: \"$pnetid\", tcp2smc: 0}"
await 5 "its switch is off" agent_shows node1 "$(not_set_up wanting switch_off)"
kernel node1 ".pods[\"$inode\"].tcp2smc = 1"
await 5 "it is set up" agent_shows_no node1 'pod="wanting",pod_uid='
equal "events, one for each reason" 4 "$(events_of Pod wanting SmcNotSetUp)"

await 30 "the other one was not injected" agent_shows node1 "$(not_set_up unseen not_injected)"
agent_shows_no node1 'pod="hostly"' || fail "a pod in the node's network was reported"

# series go with their pods
kubectl -n apps delete pod wanting unseen hostly
await 10 "no series of theirs is left" agent_shows_no node1 'pod="wanting"'
await 10 "no finding of theirs is left" agent_shows_no node1 'pod="unseen"'
await 10 "no figures of its UID are left" agent_shows_no node1 "pod_uid=\"$uid\""
