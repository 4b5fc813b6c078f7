# every decision that reaches the server: metric, warning, audit annotation
kubectl apply -f - <<'YAML'
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: kata}
handler: kata
YAML

decisions() { # the counter of reviews
  metrics | grep ^smc_webhook_reviews_total
}
of() { # CODE FILE
  awk -v code="decision=\"$1\"" 'index($0, code) {sum += $NF} END {print sum + 0}' "$SCENARIO_DIR/$2"
}

# Where the webhook object has matchConditions, the API server asks about annotated pods alone.
conditions=$(kubectl get mutatingwebhookconfiguration "$CONFIGURATION" -o json | jq '.webhooks[0].matchConditions // [] | length')

decisions > "$SCENARIO_DIR/before"
decide not_annotated - no apps 'del(.metadata.annotations)'
decide opted_out - yes apps "$(set_annotation '"false"')"
decide invalid_annotation "annotation must be.*yes" yes apps "$(set_annotation '"yes"')"
decide excluded_namespace "namespace is excluded" yes kube-public .
decide mirror_pod - yes apps '.metadata.annotations["kubernetes.io/config.mirror"] = "x" | .spec.nodeName = "node1"'
decide host_network "hostNetwork" yes apps '.spec.hostNetwork = true'
decide windows "Linux" yes apps '.spec.nodeSelector = {"kubernetes.io/os": "windows"}'
decide runtime_class "runtimeClassName" yes apps '.spec.runtimeClassName = "kata"'
decide name_collision "smc-init|init container" yes apps '.spec.initContainers = [{name: "smc-init", image: "own.test/init:1"}]'
decide injected - yes apps .

# what the API server stores of an injected pod, created anew: our container is there with all that was defaulted
first=$SCENARIO_DIR/case-injected.json
decide already_injected - no apps "$(jq '.spec' "$first" | jq -Rs 'fromjson' | sed '1s/^/.spec = /') |
  .metadata.annotations = $(jq -c .metadata.annotations "$first")"

# each was counted once; `injected` is followed by the second call, after the API server's own changes to the pod
decisions > "$SCENARIO_DIR/after"
for case in "$SCENARIO_DIR"/case-*.json; do
  code=$(basename "$case" .json | sed 's/^case-//' | tr - _)
  expected=$(($(of "$code" before) + 1))
  [ "$code" != already_injected ] || expected=$((expected + 1))
  [ "$code" != not_annotated ] || [ "$conditions" = 0 ] || expected=$((expected - 1))
  equal "$code: count" $expected "$(of "$code" after)"
done

# kinds and operations that the chart's registration does not send are answered as well
kubectl get mutatingwebhookconfiguration "$CONFIGURATION" -o json | jq '.metadata = {name: "wide"}
  | del(.webhooks[0].matchConditions) | .webhooks[0].name = "wide.e2e.test" | .webhooks[0].rules = [
      {apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"], operations: ["CREATE"]},
      {apiGroups: [""], apiVersions: ["v1"], resources: ["pods"], operations: ["UPDATE", "DELETE"]}]' | kubectl create -f -
annotated_pod '.metadata.name = "updated" | .spec.schedulerName = "nobody"' | kubectl -n apps create -f -
counted() { # CODE COMMAND...: the command makes the count of CODE grow
  local code=$1 before
  shift
  before=$(metric smc_webhook_reviews_total "decision=\"$code\"")
  await 5 "$code is counted" bash -c "$* >/dev/null && (($before < \$(metric smc_webhook_reviews_total 'decision=\"$code\"')))"
}
counted not_a_pod kubectl -n apps create configmap x --dry-run=server
counted not_create kubectl -n apps label pod updated --overwrite "e2e=\$RANDOM"
counted not_create kubectl -n apps delete pod updated --dry-run=server
kubectl -n apps delete pod updated --wait=false
kubectl delete mutatingwebhookconfiguration wide
figure "$cases codes by dry run, 2 by a wider registration"
[ "$conditions" != 0 ] || not_run "matchConditions" "this chart asks for them from Kubernetes 1.30 on; render-tested"
