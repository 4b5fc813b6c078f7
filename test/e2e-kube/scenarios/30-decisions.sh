# every decision that reaches the server: metric, warning, audit annotation
kubectl apply -f - <<'YAML'
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: kata}
handler: kata
YAML

# decide CODE WARNING AUDIT NAMESPACE FILTER: a dry run of the annotated pod, changed by FILTER. WARNING is a part of what
# kubectl shows, "-" for nothing; AUDIT is yes where the audit log carries the code.
decide() {
  local code=$1 warning=$2 audit=$3 namespace=$4 filter=$5 shown name
  name=case-${code//_/-}
  ((++cases))
  annotated_pod "$filter | .metadata.name = \"$name\"" > "$SCENARIO_DIR/pod.json"
  dry_run "$SCENARIO_DIR/pod.json" -n "$namespace" > "$SCENARIO_DIR/$name.json" 2> "$SCENARIO_DIR/warnings"
  shown=$(cat "$SCENARIO_DIR/warnings")
  echo "$code: $shown"
  if [ "$warning" = - ]; then equal "$code: warnings" "" "$shown"; else matches "$code: warning" "$warning" "$shown"; fi
  if [ "$audit" = yes ]; then
    equal "$code: audit annotation" "$code" "$(decision_of "$name")"
  else
    equal "$code: audit annotation" none "$(decision_of "$name")"
  fi
  if [ "$code" = injected ]; then
    equal "$code: first init container" smc-init "$(first_init < "$SCENARIO_DIR/$name.json")"
  elif [ "$code" != already_injected ]; then
    equal "$code: containers of ours" 0 "$(jq '[.spec.initContainers[]? | select(.env | tostring | contains("POD_UID"))] | length' \
      "$SCENARIO_DIR/$name.json")"
  fi
}

decisions() { # the counter of reviews
  metrics | grep ^smc_webhook_reviews_total
}
of() { # CODE FILE
  awk -v code="decision=\"$1\"" 'index($0, code) {sum += $NF} END {print sum + 0}' "$SCENARIO_DIR/$2"
}

set_annotation() { # VALUE-JSON
  echo ".metadata.annotations[\"$PREFIX/enabled\"] = $1"
}

# Where the webhook object has matchConditions, the API server asks about annotated pods alone.
conditions=$(kubectl get mutatingwebhookconfiguration "$CONFIGURATION" -o json | jq '.webhooks[0].matchConditions // [] | length')

cases=0
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
  [ "$code" != already_injected ] || ((++expected))
  [ "$code" != not_annotated ] || [ "$conditions" = 0 ] || ((--expected))
  equal "$code: count" $expected "$(of "$code" after)"
done

# kinds and operations that the chart's registration does not send are answered as well
kubectl get mutatingwebhookconfiguration "$CONFIGURATION" -o json | jq '.metadata = {name: "wide"}
  | .webhooks[0].name = "wide.e2e.test" | .webhooks[0].rules = [
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

# what the server of 1.20 drops from a pod is shown to the program itself
review() { # POD-FILTER [MODE]: the decision of `review`
  echo "initContainer: {mode: ${2:-privileged}}" > "$SCENARIO_DIR/config.yaml"
  annotated_pod "$1" | jq '{apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: {uid: "u",
    kind: {group: "", version: "v1", kind: "Pod"}, resource: {group: "", version: "v1", resource: "pods"},
    operation: "CREATE", namespace: "apps", object: .}}' | "$ROOT/build/release/bin/smc-webhook" review --config "$SCENARIO_DIR/config.yaml" |
    jq -r '.response.auditAnnotations.decision'
}
equal "hostUsers: false" user_namespace "$(review '.spec.hostUsers = false')"
equal "hostUsers: false in mode agent" injected "$(review '.spec.hostUsers = false' agent)"
equal "spec.os" windows "$(review '.spec.os.name = "windows"')"
equal "a native sidecar in front" injected "$(review '.spec.initContainers = [{name: "istio-proxy", image: "x:1", restartPolicy: "Always"}]')"
not_run "user_namespace, windows by spec.os, native sidecars through the API server" "1.20 drops the fields; asked through smc-webhook review"
[ "$conditions" != 0 ] || not_run "matchConditions" "from Kubernetes 1.27 on; render-tested"
not_run "policy/v1 and autoscaling/v2 objects" "from 1.21 and 1.23 on; render-tested"
not_run "the agents' ValidatingAdmissionPolicy" "from 1.28 on; render-tested"
not_run "Pod Security admission of the chart's pods" "from 1.22 on; render-tested, and the pods run with what their specs ask for"
