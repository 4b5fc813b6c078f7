# shellcheck shell=bash disable=SC2034 # variables for the scenarios
# What scenarios of `kubectl smc bench` have in common.

# bench_leaves_nothing: of what a bench makes, in any namespace
bench_leaves_nothing() {
  none_left get pods -A -l app.kubernetes.io/name=smc-bench &&
    none_left get namespaces -l app.kubernetes.io/managed-by=kubectl-smc
}
export -f none_left bench_leaves_nothing

# proven_pair FILE CONNECTIONS: a pair's result as JSON. Its numbers add up, and its proof leaves no doubt of what carried
# both runs.
proven_pair() {
  jq -e --argjson connections "$2" '[.before[0], .after[0]] | all(.errors == {} and .connections == $connections
    and .requests >= 300 and ([.service_ms.buckets[].count] | add) == .requests
    and ([.course[].requests] | add) == .requests
    and ((.rate * .seconds - .requests) | fabs) < 1)' "$1" >/dev/null || fail "the numbers do not add up: $(cat "$1")"
  jq -e --argjson connections "$2" '.before[0] | .proof.mode == "tcp" and .proof.modes == {"tcp": $connections}
    and .proof.smc_bytes == 0 and .proof.interface_bytes > 256 * .requests' "$1" >/dev/null ||
    fail "the run over TCP: $(jq '.before[0].proof' "$1")"
  jq -e --argjson connections "$2" '.after[0] | .proof.mode == "smc-r" and .proof.modes == {"smc-r": $connections}
    and .proof.doubts == [] and .proof.fallbacks == [] and .proof.device == "rxe0" and .proof.smc_bytes >= 256 * .requests
    and .proof.interface_bytes < 128 * .requests' "$1" >/dev/null ||
    fail "the run over SMC-R: $(jq '.after[0].proof' "$1")"
}

# echo_deployment NODE_SELECTOR [ANNOTATIONS]: a workload `echo` that answers on port 8080, in namespace apps; its pod's address
# is in $address. Both as "KEY: VALUE", or empty. ECHO_IMAGE: of smc-bench.
echo_deployment() {
  kubectl -n apps create -f - <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: echo}
spec:
  selector: {matchLabels: {app: echo}}
  template:
    metadata: {labels: {app: echo}, annotations: {${2:-}}}
    spec:
      nodeSelector: {$1}
      containers:
      - name: server
        image: ${ECHO_IMAGE:-example.test/smc-bench:1}
        args: [server, --listen, "0.0.0.0:8080"]
        securityContext: {capabilities: {drop: [ALL]}}
YAML
  kubectl -n apps rollout status deployment/echo --timeout=120s
  address=$(kubectl -n apps get pods -l app=echo -o jsonpath='{.items[0].status.podIP}')
}
