# shellcheck shell=bash disable=SC2034 # variables for the scenarios
# What scenarios of `kubectl smc bench` have in common.

# bench_leaves_nothing: of what a bench makes, in any namespace
bench_leaves_nothing() {
  none_left get pods -A -l app.kubernetes.io/name=smc-bench &&
    none_left get namespaces -l app.kubernetes.io/managed-by=kubectl-smc
}
export -f none_left bench_leaves_nothing

# echo_deployment NODE_SELECTOR [ANNOTATIONS]: a workload `echo` that answers on port 8080, in namespace apps; its pod's address
# is in $address. Both as "KEY: VALUE", or empty.
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
        image: example.test/smc-bench:1
        args: [server, --listen, "0.0.0.0:8080"]
        securityContext: {capabilities: {drop: [ALL]}}
YAML
  kubectl -n apps rollout status deployment/echo --timeout=120s
  address=$(kubectl -n apps get pods -l app=echo -o jsonpath='{.items[0].status.podIP}')
}
