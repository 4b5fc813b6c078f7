# kubectl smc on a real API server: check finds what is well and what is broken, as whom the kubeconfig says
# shellcheck shell=bash disable=SC2154 # variables of lib/
smc() { "$ROOT/build/release/bin/kubectl-smc" "$@"; }

# verdict_of GROUP < check.json
verdict_of() {
  jq -r --arg title "$1" '.groups[] | select(.title == $title) | .verdict'
}
checked() { # CODE FILE OPTION...: a check that ends with it
  local expected=$1 file=$2 code=0
  shift 2
  smc check -o json "$@" > "$file" || code=$?
  equal "exit code of check $*" "$expected" "$code"
}

kernel node1 '.device = true'
agents smc-node-agent-played
ready() { [[ $(words_of node1) == ready* ]]; }
export -f ready
await 15 "node1 is ready, and says so" ready
checked 0 "$SCENARIO_DIR/good.json" -n apps
for group in "API server" Webhook "Replicas and versions" Admission Namespaces; do
  equal "$group" pass "$(verdict_of "$group" < "$SCENARIO_DIR/good.json")"
done
matches "the CA" 'caBundle holds the CA of secret '"$NAMESPACE/$RELEASE-smc-webhook-ca" "$(cat "$SCENARIO_DIR/good.json")"
matches "admission" 'pod in namespace apps is injected, mode (privileged|agent)' "$(cat "$SCENARIO_DIR/good.json")"
equal "pods left by check" "" "$(kubectl -n apps get pods -o name | grep smc-check || true)"
smc check -n apps > "$SCENARIO_DIR/good.txt"
matches "the closing line" 'verdict: ' "$(tail -1 "$SCENARIO_DIR/good.txt")"

# a pod from before the annotation counted, and one with a typo
annotated_pod '.metadata.name = "host" | .spec.hostNetwork = true | .spec.schedulerName = "nobody"' |
  kubectl -n apps create -f - 2> /dev/null
checked 0 "$SCENARIO_DIR/host.json" -n apps
matches "the pod in the node's network" "in the node's network" "$(cat "$SCENARIO_DIR/host.json")"
kubectl -n apps delete pod host --wait=false

# a namespace that the webhook leaves alone
checked 0 "$SCENARIO_DIR/excluded.json" -n kube-public
equal "admission in an excluded namespace" warn "$(verdict_of Admission < "$SCENARIO_DIR/excluded.json")"

# by a credential plug-in, as somebody who may do nothing
kubectl -n apps create serviceaccount nobody
token=$(kubectl -n apps create token nobody)
cat > "$SCENARIO_DIR/plugin" <<SH
#!/bin/sh
echo '{"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential", "status": {"token": "$token"}}'
SH
chmod +x "$SCENARIO_DIR/plugin"
kubeconfig '{"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "./plugin"}}' \
  > "$SCENARIO_DIR/nobody.json"
checked 3 "$SCENARIO_DIR/nobody-check.json" --kubeconfig "$SCENARIO_DIR/nobody.json"
equal "nobody's view of nodes" warn "$(verdict_of "Nodes and agents" < "$SCENARIO_DIR/nobody-check.json")"
matches "the missing right" 'RBAC must grant this client the verb' "$(cat "$SCENARIO_DIR/nobody-check.json")"
code=0
smc status -n apps --kubeconfig "$SCENARIO_DIR/nobody.json" 2> "$SCENARIO_DIR/stderr" || code=$?
equal "nobody's status" 3 "$code"
matches "nobody's status" 'hint: .*--release-namespace' "$(cat "$SCENARIO_DIR/stderr")"

# a token that the API server does not take
sed "s/\"token\": \"/&x/" "$SCENARIO_DIR/plugin" > "$SCENARIO_DIR/plugin.new"
cat "$SCENARIO_DIR/plugin.new" > "$SCENARIO_DIR/plugin"
code=0
smc check --kubeconfig "$SCENARIO_DIR/nobody.json" 2> "$SCENARIO_DIR/stderr" || code=$?
equal "an expired token" 3 "$code"
matches "an expired token" '401.*expired' "$(tr '\n' ' ' < "$SCENARIO_DIR/stderr")"
