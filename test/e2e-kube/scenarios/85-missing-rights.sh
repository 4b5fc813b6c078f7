# each right that the chart asks for is named by the program that lacks it, which asks on calmly and makes up for it later
# What provokes the lack of a right: a function below, and NAME_made_up_for, what has come true once it is back. The
# rights themselves are found in the cluster: one that stands here and not there is a mistake, and so is the reverse.
declare -A provoked_by=(
  [webhook get secrets]=look
  [webhook get mutatingwebhookconfigurations]=look
  [webhook create events]=look
  [webhook patch mutatingwebhookconfigurations]=damage_bundle
  [webhook update secrets]=damage_secret
  [webhook patch events]=damage_secret
  [webhook create secrets]=delete_secret
  [webhook list secrets]=start_without_list
  [webhook list mutatingwebhookconfigurations]=start_without_list
  [webhook list asmmeshconfigs]=start_without_list
  [webhook list namespaces]=start_without_list
  [webhook list runtimeclasses]=start_without_list
  [webhook watch secrets]=start_without_watch
  [webhook watch mutatingwebhookconfigurations]=start_without_watch
  [webhook watch asmmeshconfigs]=start_without_watch
  [webhook watch namespaces]=start_without_watch
  [webhook watch runtimeclasses]=start_without_watch
  [agent get nodes]=look
  [agent create events]=damage_bundle
  [agent patch nodes]=damage_secret
  [agent list pods]=start_without_list
  [agent list asmmeshconfigs]=start_without_list
  [agent get daemonsets]=start_without_list
  [agent watch pods]=start_without_watch
  [agent watch asmmeshconfigs]=start_without_watch
  [test create pods]=look
  [uninstall delete daemonsets]=begin_uninstall
  [uninstall list nodes]=begin_uninstall
  [uninstall get daemonsets]=go_on_uninstalling
  [uninstall patch nodes]=go_on_uninstalling
)
rounds="look damage_bundle damage_secret delete_secret start_without_list start_without_watch begin_uninstall go_on_uninstalling"

rights() {
  /usr/bin/python3 "$HERE/rights.py" "$@"
}
round() { # FUNCTION: without the rights that it is for
  local right taken=() most
  for right in "${!provoked_by[@]}"; do
    if [ "${provoked_by[$right]}" = "$1" ]; then taken+=("$right"); fi
  done
  rights take "${taken[@]}"
  "$1"
  rights named 30 "${taken[@]}"
  sleep 1 # a program that did not wait between its attempts would make hundreds
  most=$(rights calm 30 "${taken[@]}")
  ((most <= worst)) || worst=$most
  rights restore
  "$1_made_up_for"
}

# The hooks' rights: theirs for as long as this scenario runs, and not only while Helm runs the hooks.
hook_objects() { # COMPONENT JQ-FILTER
  jq --arg component "$1" "select(.metadata.labels[\"app.kubernetes.io/component\"] == \$component) | select($2)" "$SCENARIO_DIR/hooks.json"
}
start_hook() { # COMPONENT: anew, as Helm would, but for one attempt only
  hook_objects "$1" '.kind == "Job" or .kind == "Pod"' |
    jq 'if .kind == "Job" then .spec.backoffLimit = 0 else . end' > "$SCENARIO_DIR/hook.json"
  kubectl delete --ignore-not-found -f "$SCENARIO_DIR/hook.json"
  kubectl create -f "$SCENARIO_DIR/hook.json"
}

answered() { # both replicas, about everything
  local what
  for what in certificates mesh_switch namespaces runtime_classes; do
    [ "$(metric smc_webhook_api_up $what)" = 2 ] || return 1
  done
}
# told COUNT: there are so many pods of the Deployment, and its owner's Events count each that was injected (more, where
# the API server asked for a pod that it then did not make)
told() {
  local pods events
  pods=$(kubectl -n rights get pods -o json) && events=$(kubectl -n rights get events -o json) || return 1
  jq -n --argjson pods "$pods" --argjson events "$events" '{pods: ($pods.items | length),
    injected: ([$pods.items[] | select(.spec.initContainers[0].name == "smc-init")] | length),
    counts: [$events.items[] | select(.involvedObject.kind == "ReplicaSet" and .reason == "Injected") | .count]}' > "$SCENARIO_DIR/told"
  jq -e ".pods == $1 and .injected > 0 and (.counts | add) >= .injected" "$SCENARIO_DIR/told"
}
new_replica() { # in place of one that is not on its way out
  kubectl -n "$NAMESPACE" delete pod --wait=false "$(kubectl -n "$NAMESPACE" get pods -l app.kubernetes.io/component=webhook -o json |
    jq -r 'first(.items[] | select(.metadata.deletionTimestamp == null)).metadata.name')"
}
new_agent() { # on node1
  kubectl -n "$NAMESPACE" delete pod --wait=false -l app.kubernetes.io/component=agent --field-selector spec.nodeName=node1
}
take_label() { # off node1, whose agent puts it back and says so in an Event
  kubectl label node node1 "$PREFIX/erdma-"
}
agents_logged() { # TEXT
  cat "$E2E_DIR/logs/${NAMESPACE}"_*_smc-node-agent.log | grep -cF "$1" || [ $? = 1 ]
}

# What each does for itself or at a nudge: replicas look, Events are told, agents read their Nodes.
look() {
  kubectl -n "$NAMESPACE" annotate --overwrite secret "$CA_SECRET" "e2e/touched=$EPOCHREALTIME"
  annotated_pod '{metadata, spec} | .metadata |= (del(.name) | .labels.app = "told") | .spec.schedulerName = "nobody"' |
    jq '{apiVersion: "apps/v1", kind: "Deployment", metadata: {name: "told"},
      spec: {replicas: 3, selector: {matchLabels: {app: "told"}}, template: .}}' | kubectl -n rights create -f -
  start_hook test
}
look_made_up_for() {
  await 30 "the API server answers the replicas" answered
  await 30 "what waited is told" told 3
  await 30 "node1's agent reads its Node" agent_shows node1 'smc_node_api_up{what="node"} 1'
  start_hook test
  kubectl -n "$NAMESPACE" wait --for=jsonpath='{.status.phase}'=Succeeded --timeout=30s -f "$SCENARIO_DIR/hook.json"
}

damage_bundle() {
  events=$(events_of Node node1 SmcReady)
  kubectl patch mutatingwebhookconfiguration "$CONFIGURATION" --type=json -p '[{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]'
  take_label
}
one_event_more() {
  [ "$(events_of Node node1 SmcReady)" = $((events + 1)) ]
}
damage_bundle_made_up_for() {
  await 20 "caBundle is back" bash -c '[ "$(ca_bundle | certificates_in)" != 0 ]'
  await 30 "the Event that waited is told" one_event_more
}

damage_secret() {
  ca=$(ca_in_secret)
  secret_data '{"ca.crt": "cnViYmlzaA=="}'
  take_label
  kubectl -n rights scale deployment/told --replicas=9 # counted up in the Event that there is
}
ca_is_back() {
  [ "$(ca_in_secret)" = "$ca" ]
}
damage_secret_made_up_for() {
  await 20 "the CA is back" ca_is_back
  await 20 "node1 has its label again" labelled node1
  await 30 "what waited is told" told 9
}

delete_secret() {
  ca=$(ca_in_secret)
  kubectl -n "$NAMESPACE" delete secret "$CA_SECRET"
}
delete_secret_made_up_for() {
  await 20 "the Secret is back, with its CA" ca_is_back
}

start_without_list() {
  new_replica
  new_agent # the old one asks whether the DaemonSet is there
}
start_without_list_made_up_for() {
  await 60 "the API server answers the replicas" answered
  await 60 "node1's agent sees its pods" agent_shows node1 'smc_node_api_up{what="pods"} 1'
  labelled node1 || fail "an agent that could not ask took its label along"
}

start_without_watch() {
  left=$(agents_logged "leaves everything to the next agent")
  new_replica
  new_agent
}
start_without_watch_made_up_for() {
  start_without_list_made_up_for
  equal "agents that could ask at their end" $((left + 1)) "$(agents_logged "leaves everything to the next agent")"
}

begin_uninstall() {
  start_hook uninstall
}
begin_uninstall_made_up_for() {
  kubectl -n "$NAMESPACE" get daemonset "$RELEASE-smc-webhook-agent"
}

go_on_uninstalling() {
  kubectl create -f - <<JSON
{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "bare", "labels": {"kubernetes.io/os": "other", "$PREFIX/erdma": "true"}}}
JSON
  start_hook uninstall
}
go_on_uninstalling_made_up_for() {
  start_hook uninstall
  kubectl wait --for=condition=complete --timeout=60s -f "$SCENARIO_DIR/hook.json"
  not_labelled bare || fail "the Node without an agent kept its label"
  none_left -n "$NAMESPACE" get daemonsets || fail "the DaemonSet is still there"
}

clean_up() { # quietly: what failed is to stand at the end of the log
  exec >/dev/null
  if [ -e "$SCENARIO_DIR/rights.json" ]; then rights restore; fi
  if [ -s "$SCENARIO_DIR/hooks.json" ]; then kubectl delete --ignore-not-found --wait=false -f "$SCENARIO_DIR/hooks.json"; fi
  kubectl delete --ignore-not-found --wait=false node/bare namespace/rights crd/asmmeshconfigs.istio.alibabacloud.com
}
trap clean_up EXIT

# everything on that needs a right: Events, the mesh switch, namespaces, RuntimeClasses, agents
kubectl apply -f "$HERE/manifests/asmmeshconfig.yaml"
kernel node1 '.device = true'
agents smc-node-agent-played --set events.enabled=true,runtimeClasses.watch=true
helm get hooks "$RELEASE" -n "$NAMESPACE" | kubectl create --dry-run=client -o json -f - | jq '.items // [.] | .[]
  | select(.metadata.labels["app.kubernetes.io/component"] | . == "test" or . == "uninstall")' > "$SCENARIO_DIR/hooks.json"
for component in test uninstall; do
  hook_objects $component '.kind != "Job" and .kind != "Pod"' | kubectl create -f -
done
namespace rights
await 30 "the old webhook pods are gone" two_webhook_pods
await 30 "the API server answers the replicas" answered
await 15 "node1 has its label" labelled node1

rights list > "$SCENARIO_DIR/rights"
equal "rights that no function provokes the lack of" "" \
  "$(printf '%s\n' "${!provoked_by[@]}" | sort | comm -13 - <(sort "$SCENARIO_DIR/rights"))"
equal "rights that no role grants" "" "$(printf '%s\n' "${!provoked_by[@]}" | sort | comm -23 - <(sort "$SCENARIO_DIR/rights"))"
worst=0
for each in $rounds; do round "$each"; done
rights used 30 "${!provoked_by[@]}"
figure "${#provoked_by[@]} rights named, at most $worst requests refused for one of them"
