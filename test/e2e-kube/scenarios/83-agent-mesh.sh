# agents follow the mesh switch as the webhook does (kernel played)
CRD=$HERE/manifests/asmmeshconfig.yaml
object() { # true|false
  jq -n "{apiVersion: \"istio.alibabacloud.com/v1beta1\", kind: \"ASMMeshConfig\", metadata: {name: \"default\"}, spec: {smcEnabled: $1}}"
}
shown() { # 0|1 by every agent
  local n
  for n in 1 2 3; do agent_shows "node$n" "smc_node_mesh_smc_enabled $1" || return 1; done
}
watched() { # 0|1 by every agent
  local n
  for n in 1 2 3; do agent_shows "node$n" "smc_node_api_up{what=\"mesh_switch\"} $1" || return 1; done
}
clean_up() {
  kubectl delete --ignore-not-found --wait=false -f "$CRD"
}
trap clean_up EXIT

# a cluster without the kind: the configured value, and nothing is amiss
kernel node1 '.device = true'
agents smc-node-agent-played
await 20 "every agent has the configured value" shown 1
await 5 "and none misses anything" watched 1

# agents that start where the switch is off have it off
kubectl apply -f "$CRD"
kubectl wait --for=condition=established --timeout=20s crd/asmmeshconfigs.istio.alibabacloud.com
object false > "$SCENARIO_DIR/off.json"
object true > "$SCENARIO_DIR/on.json"
await 20 "the object is made" kubectl apply -f "$SCENARIO_DIR/off.json"
kubectl -n "$NAMESPACE" rollout restart "daemonset/$RELEASE-smc-webhook-agent"
kubectl -n "$NAMESPACE" rollout status "daemonset/$RELEASE-smc-webhook-agent" --timeout=60s
await 20 "every agent has it off" shown 0

# a change is seen at once
kubectl apply -f "$SCENARIO_DIR/on.json"
await 5 "every agent has it on" shown 1
kubectl apply -f "$SCENARIO_DIR/off.json"
await 5 "every agent has it off again" shown 0
kubectl delete asmmeshconfig default
await 5 "without an object the configured value holds" shown 1
