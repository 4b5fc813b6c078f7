# the admission policies: what RBAC would let webhook and agents do beyond their work, the API server refuses
if ! kubectl get --raw /apis/admissionregistration.k8s.io/v1 | jq -e 'any(.resources[]; .name == "validatingadmissionpolicies")'; then
  not_run "the ValidatingAdmissionPolicies of webhook and agents" "this version has none in v1; their expressions are evaluated in the chart's tests"
  exit 0
fi
kernel node1 '.device = true'
agents smc-node-agent-played
await 15 "node1 has its label" labelled node1

token_of() { # SERVICE-ACCOUNT [POD]: a kubeconfig with its token, as that pod would have it
  local token
  token=$(kubectl -n "$NAMESPACE" create token "$1" ${2:+--bound-object-kind=Pod --bound-object-name="$2"})
  kubeconfig "$(jq -n --arg token "$token" '{$token}')"
}
agent=$(kubectl -n "$NAMESPACE" get pods -l app.kubernetes.io/component=agent --field-selector spec.nodeName=node1 -o jsonpath='{.items[0].metadata.name}')
token_of "$RELEASE-smc-webhook" > "$SCENARIO_DIR/webhook"
token_of "$RELEASE-smc-webhook-agent" "$agent" > "$SCENARIO_DIR/agent"
attempts=0
attempt() { # WHO KUBECTL-ARGUMENT...: of a dry run
  local who=$1
  shift
  kubectl --kubeconfig "$SCENARIO_DIR/$who" "$@" --dry-run=server -o name > "$SCENARIO_DIR/said" 2>&1
}
allowed() { # WHO KUBECTL-ARGUMENT...
  ((++attempts))
  attempt "$@" || fail "refused: $*: $(cat "$SCENARIO_DIR/said")"
}
refused() { # MESSAGE WHO KUBECTL-ARGUMENT...: by one of the release's policies
  local message=$1
  shift
  ((++attempts))
  ! attempt "$@" || fail "allowed: $*"
  matches "why $* is refused" "ValidatingAdmissionPolicy '[^']*\.$NAMESPACE\.$RELEASE'.* denied request: $message" "$(cat "$SCENARIO_DIR/said")"
}
json_patch() { # OP PATH JSON
  echo "[{\"op\": \"$1\", \"path\": \"$2\", \"value\": $3}]"
}

# the webhook: its object's caBundle, and the Secret of its CA
object=(patch mutatingwebhookconfiguration "$CONFIGURATION" --type=json -p)
allowed webhook "${object[@]}" "$(json_patch replace /webhooks/0/clientConfig/caBundle "\"$(base64 -w0 "$E2E_DIR/pki/ca.crt")\"")"
only="the webhook may change nothing of its webhook object but caBundle"
refused "$only" webhook "${object[@]}" "$(json_patch replace /webhooks/0/rules/0/resources '["secrets"]')"
refused "$only" webhook "${object[@]}" "$(json_patch replace /webhooks/0/failurePolicy '"Fail"')"
refused "$only" webhook "${object[@]}" "$(json_patch add /webhooks/0/objectSelector '{"matchLabels": {"a": "b"}}')"
refused "$only" webhook "${object[@]}" "$(json_patch replace /webhooks/0/clientConfig/service/namespace '"apps"')"
refused "$only" webhook "${object[@]}" '[{"op": "copy", "from": "/webhooks/0", "path": "/webhooks/-"}, {"op": "replace", "path": "/webhooks/1/name", "value": "b.e2e.test"}]'
refused "the webhook may change no labels of its webhook object" webhook "${object[@]}" "$(json_patch add /metadata/labels/a '"b"')"
only="the webhook may make no Secret but the one of its CA, of type Opaque"
refused "$only" webhook -n "$NAMESPACE" create secret generic another
jq -n --arg name "$CA_SECRET" --arg account "$RELEASE-smc-webhook" '{apiVersion: "v1", kind: "Secret",
  metadata: {$name, annotations: {"kubernetes.io/service-account.name": $account}}, type: "kubernetes.io/service-account-token"}' > "$SCENARIO_DIR/secret.json"
refused "$only" webhook -n "$NAMESPACE" create -f "$SCENARIO_DIR/secret.json"

# an agent: its own Node's labels and annotations of ours
allowed agent label node node1 --overwrite "$PREFIX/erdma=false"
allowed agent annotate node node1 --overwrite "$PREFIX/node=x"
refused "an agent may change its own Node only, not node2" agent label node node2 --overwrite "$PREFIX/erdma=false"
refused "an agent may change no labels but those of $PREFIX/" agent label node node1 --overwrite kubernetes.io/hostname=node2
refused "an agent may change no labels but those of $PREFIX/" agent label node node1 kubernetes.io/hostname-
refused "an agent may change no annotations but those of $PREFIX/" agent annotate node node1 a=b
refused "an agent may take the taint $PREFIX/agent-not-ready off, and change no other" agent patch node node1 --type=merge \
  -p '{"spec": {"taints": [{"key": "a", "effect": "NoExecute"}]}}'
refused "an agent may change a Node's labels, annotations and taints only" agent patch node node1 --type=merge -p '{"spec": {"unschedulable": true}}'
refused "an agent may change a Node's labels, annotations and taints only" agent patch node node1 --type=merge -p '{"metadata": {"finalizers": ["e2e.test/held"]}}'
# somebody with the token of no pod at all is no agent of any Node
token_of "$RELEASE-smc-webhook-agent" > "$SCENARIO_DIR/agent"
refused "an agent may change its own Node only, not node1" agent label node node1 --overwrite "$PREFIX/erdma=false"

# the real one takes its taint off, and leaves another
taints_are() { # KEY,...
  [ "$(kubectl get node node1 -o json | jq -r '[.spec.taints[]?.key] | join(",")')" = "$1" ]
}
trap 'kubectl taint node node1 e2e-' EXIT
kubectl taint node node1 "$PREFIX/agent-not-ready=:NoSchedule" e2e=kept:PreferNoSchedule
await 15 "the agent has taken its taint off node1" taints_are e2e

# what the API server's own check of the expressions' types says
for policy in $(kubectl get validatingadmissionpolicies -o name | grep -F ".$NAMESPACE.$RELEASE"); do
  await 20 "the types of $policy are checked" bash -c "kubectl get $policy -o json | jq -e '.status.observedGeneration >= 1 and .status.typeChecking != null'"
  equal "type checking of $policy" null "$(kubectl get "$policy" -o json | jq .status.typeChecking.expressionWarnings)"
done
figure "$attempts attempts"
