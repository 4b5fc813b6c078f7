# annotated pods without their set-up: a metric with the reason, an Event on the pod
not_set_up() { # NAMESPACE POD REASON: the line that node1's agent shows
  echo "smc_node_annotated_not_set_up{namespace=\"$1\",pod=\"$2\",pod_uid=\"$(uid_of "$1" "$2")\",reason=\"$3\"} 1"
}
# kube-system's pods do not reach the webhook
annotated_pod '.metadata.name = "unseen" | .spec.nodeSelector["kubernetes.io/hostname"] = "node1"' | kubectl -n kube-system create -f -
traffic_pod stripped '["server", "smc", "5000"]'
kubectl -n apps wait --for=condition=Ready pod/stripped --timeout=60s
kubectl -n kube-system wait --for=condition=Ready pod/unseen --timeout=60s
uid=$(uid_of apps stripped)
on_node node1 forget_pod "$uid"

started=$SECONDS
await 75 "the one that was not injected is reported" agent_shows node1 "$(not_set_up kube-system unseen not_injected)"
await 75 "the one whose pnetid is gone is reported" agent_shows node1 "$(not_set_up apps stripped no_pnetid)"
figure "reported within $((SECONDS - started)) s"
await 5 "an Event on the one" has_event Pod unseen SmcNotSetUp
await 5 "an Event on the other" has_event Pod stripped SmcNotSetUp
on_node node1 in_pod "$uid" smc-look pnet-add "$PNETID" eth0
await 30 "set up again, it is reported no more" agent_shows_no node1 'smc_node_annotated_not_set_up{namespace="apps"'
kubectl -n apps delete pod stripped
kubectl -n kube-system delete pod unseen
await 30 "no finding is left" agent_shows_no node1 'smc_node_annotated_not_set_up{'
