# a pod of restricted shape: no privilege in any container, and a program that opens TCP sockets and knows nothing of
# SMC; the node's agent sets its namespace up before it runs, its BPF switch included
namespace strict
kubectl label --overwrite namespace strict pod-security.kubernetes.io/enforce=restricted
trap 'kubectl delete namespace strict --wait=false' EXIT
helm upgrade "$RELEASE" "$CHART" -n "$NAMESPACE" --reuse-values --set initContainer.mode=agent >/dev/null

# strict_pod NAME ARGUMENTS: as traffic_pod, in that namespace and of the shape that it demands
strict_pod() {
  TRAFFIC_NAMESPACE=strict traffic_pod "$1" "$2" 'del(.metadata.annotations["'$PREFIX'/programs"]) | .spec.securityContext = {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: "RuntimeDefault"}}
    | .spec.containers[0].securityContext.allowPrivilegeEscalation = false'
}
# waited_for POD: its init container had no privilege, changed nothing, and found the namespace set up
waited_for() {
  local status
  status=$(kubectl -n strict get pod "$1" -o json)
  equal "$1: arguments of its init container" true "$(jq '.spec.initContainers[0].args | index("--by-agent") != null' <<< "$status")"
  equal "$1: its user" 65532 "$(jq '.spec.initContainers[0].securityContext.runAsUser' <<< "$status")"
  equal "$1: its words" "verified bpf $PNETID" "$(jq -r '.status.initContainerStatuses[0].state.terminated.message | fromjson |
    "\(.result) \(.programs) \(.pnetid)"' <<< "$status")"
  figure "$1 waited $(jq -r '.status.initContainerStatuses[0].state.terminated.message | fromjson | .waitedMs' <<< "$status") ms for the agent, in a machine without KVM"
}
mode_is_agent() {
  kubectl -n strict create --dry-run=server -o json -f "$SCENARIO_DIR/probe.json" | jq -e '.spec.initContainers[0].args | index("--by-agent") != null' >/dev/null
}

annotated_pod > "$SCENARIO_DIR/probe.json"
await 30 "the webhook injects for the agent" mode_is_agent
strict_pod server '["server", "tcp", "5000"]'
kubectl -n strict wait --for=condition=Ready pod/server --timeout=90s
waited_for server
address=$(kubectl -n strict get pod server -o jsonpath='{.status.podIP}')
strict_pod client "[\"client\", \"tcp\", \"$address:5000\", \"--stream\", \"--size=10000\", \"--requests=50\", \"--hold\"]"
result=$E2E_DIR/logs/strict_client_app.log
await 90 "the client has its answers" grep -q '^{.*connections' "$result"
equal "what the client lost" '[0,""]' "$(jq -c '[.lost, .error]' "$result")"
waited_for client
for pod in server client; do
  equal "SMC sockets of $pod" '{"smcr":1}' "$(smc_sockets node1 "$(uid_of strict $pod)")"
done
await 30 "the agent counts two set-ups" bash -c 'agent_metrics node1 | grep -q "^smc_node_pod_setups_total{result=\"done\"} 2"'

kubectl -n strict delete pod server client
helm upgrade "$RELEASE" "$CHART" -n "$NAMESPACE" --reuse-values --set initContainer.mode=auto >/dev/null
