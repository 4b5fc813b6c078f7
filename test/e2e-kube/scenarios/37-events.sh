# with Events on, a pod's owner says why it was injected or not, and a dry run leaves none
upgrade() { # HELM-OPTION...
  helm upgrade "$RELEASE" "$CHART" -n "$NAMESPACE" --reuse-values --wait --timeout 60s "$@" >/dev/null
  await 30 "the old pods, which go on answering for a while, are gone" two
}
two() {
  [ "$(kubectl -n "$NAMESPACE" get pods -l app.kubernetes.io/component=webhook -o name | wc -l)" = 2 ]
}
trap 'upgrade --set events.enabled=false --force-conflicts; kubectl delete namespace events --wait=false' EXIT
namespace events
deployment() { # NAME POD-SPEC-FILTER: three annotated pods that no node takes
  annotated_pod "${2:-.}" | jq --arg name "$1" '{apiVersion: "apps/v1", kind: "Deployment", metadata: {$name},
    spec: {replicas: 3, selector: {matchLabels: {app: $name}}, template: {metadata: (.metadata | del(.name) | .labels = {app: $name}),
      spec: (.spec | .schedulerName = "nobody")}}}' | kubectl -n events create -f -
}
# counted OWNER-PREFIX REASON: how many decisions the Events on ReplicaSets of that name tell, whichever webhook pod made them
counted() {
  kubectl -n events get events -o json | jq --arg name "$1" --arg reason "$2" '[.items[] | select(.involvedObject.kind == "ReplicaSet"
    and (.involvedObject.name | startswith($name + "-")) and .reason == $reason) | .count] | add // 0'
}
counts() { # OWNER REASON COUNT
  [ "$(counted "$1" "$2")" = "$3" ]
}
upgrade --set events.enabled=true
equal "side effects" NoneOnDryRun \
  "$(kubectl get mutatingwebhookconfiguration "$CONFIGURATION" -o jsonpath='{.webhooks[0].sideEffects}')"

deployment good
deployment bad '.spec.hostNetwork = true'
await 30 "the owner of injected pods has its Events" counts good Injected 3
await 30 "the owner of skipped pods has its Events" counts bad InjectionSkipped 3
kubectl -n events get events -o json > "$SCENARIO_DIR/events"
matches "why" 'not injected \(host_network\)' \
  "$(jq -r '.items[] | select(.reason == "InjectionSkipped") | .message' "$SCENARIO_DIR/events")"
equal "types" "Injected Normal,InjectionSkipped Warning" "$(jq -r '[.items[] | select(.source.component == "smc-webhook")
  | "\(.reason) \(.type)"] | unique | join(",")' "$SCENARIO_DIR/events")"
matches "kubectl describe shows it" 'InjectionSkipped' \
  "$(kubectl -n events describe replicaset -l app=bad)"

# a dry run of a pod with that owner is told to nobody, as the counts behind it show
owner=$(kubectl -n events get replicasets -l app=good -o json | jq '.items[0] | {apiVersion, kind, name: .metadata.name,
  uid: .metadata.uid, controller: true}')
annotated_pod ".metadata.ownerReferences = [$owner]" > "$SCENARIO_DIR/pod.json"
equal "a dry run is injected" smc-init "$(dry_run "$SCENARIO_DIR/pod.json" -n events | first_init)"

# the same again is counted up, not told anew
kubectl -n events scale deployment/good --replicas=9
await 30 "six more are counted" counts good Injected 9
objects=$(kubectl -n events get events -o json | jq '[.items[] | select(.reason == "Injected")] | length')
[ "$objects" -le 2 ] || fail "$objects Events for one owner: two webhook pods need two"
equal "decisions told" 12 "$(metric smc_webhook_events_total 'result="sent"')"
figure "$(metric smc_webhook_events_total 'result="sent"') decisions in $(kubectl -n events get events -o json |
  jq '[.items[] | select(.source.component == "smc-webhook")] | length') Events"

# back to the revision without Events while pods are being made: what the old webhook pods still tell is granted
refused() { # how many Events of the webhook the API server did not allow
  jq -s --arg account "system:serviceaccount:$NAMESPACE:$RELEASE-smc-webhook" '[.[] | select(.objectRef.resource == "events"
    and .responseStatus.code == 403 and .user.username == $account)] | length' "$E2E_DIR/logs/audit.log"
}
kubectl -n events scale deployment/good --replicas=30
helm rollback "$RELEASE" -n "$NAMESPACE" --wait --timeout 60s --force-conflicts >/dev/null
await 30 "the old pods, which go on answering for a while, are gone" two
equal "side effects after the rollback" None \
  "$(kubectl get mutatingwebhookconfiguration "$CONFIGURATION" -o jsonpath='{.webhooks[0].sideEffects}')"
equal "Events that were refused" 0 "$(refused)"
