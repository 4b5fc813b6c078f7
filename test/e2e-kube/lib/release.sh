# shellcheck shell=bash
# The chart's release, and the programs that its images stand for.

export CHART=$ROOT/charts/smc-webhook NAMESPACE=smc-system RELEASE=smc
export CONFIGURATION=smc-webhook.webhook.$NAMESPACE.$RELEASE # the MutatingWebhookConfiguration's name
export PREFIX=smc.asm.alibabacloud.com

# kubelet.py runs these where a pod names an image of ours: image name -> program here, and its place in the image; and
# what else the image has.
export_programs() {
  PROGRAMS=$(jq -nc --arg bin "$ROOT/build/release/bin" --arg fortio "$ROOT/test/e2e-kube/played_fortio" '
    ["smc-webhook", "smc-node-init", "smc-node-agent", "smc-bench"]
    | map({key: ., value: {file: ($bin + "/" + .), path: ("/" + .)}}) | from_entries
    | .["played-fortio"] = {file: $fortio, path: "/fortio", also: [.["smc-bench"]]}
    | .["smc-node-agent-played"] = {file: ($bin + "/../test/smc-node-agent-played"), path: "/smc-node-agent"}')
  export PROGRAMS
}

# As the chart's notes ask for on clusters older than 1.21: namespaces do not carry their names as a label there.
namespace() { # NAME
  kubectl create namespace "$1" >/dev/null
  kubectl label namespace "$1" "kubernetes.io/metadata.name=$1" >/dev/null
  await 10 "namespace $1 has its service account" kubectl -n "$1" get serviceaccount default
}

# dry_run FILE [KUBECTL-OPTION...]: what the API server would make of the object, as JSON; warnings go to standard error
dry_run() {
  local file=$1
  shift
  kubectl create --dry-run=server -o json -f "$file" "$@"
}

# annotated_pod [JQ-FILTER [JQ-OPTION...]]: a pod that asks for SMC, changed by the filter
annotated_pod() {
  jq -n --arg key "$PREFIX/enabled" '{apiVersion: "v1", kind: "Pod",
    metadata: {name: "probe", annotations: {($key): "true"}},
    spec: {containers: [{name: "app", image: "example.test/app:1"}]}}' | jq "${@:2}" "${1:-.}"
}

first_init() { # < pod
  jq -r '.spec.initContainers[0].name // "none"'
}

# metrics: the metrics of all ready webhook pods
metrics() {
  # shellcheck disable=SC2046 # one word an address
  curl -sf $(webhook_addresses | sed -E 's#[0-9.]+#http://&:8080/metrics#g')
}

# metric NAME [LABEL="VALUE"]: its value summed over the ready webhook pods
metric() {
  metrics | awk -v name="$1" -v label="${2:-}" '
    $1 ~ "^" name "({|$)" && index($0, label) {sum += $NF; seen = 1} END {print seen ? sum : "none"}'
}

# webhook_addresses: of the ready webhook pods, in their order
webhook_addresses() {
  local slices
  slices=$(kubectl -n "$NAMESPACE" get endpointslices -l "kubernetes.io/service-name=$RELEASE-smc-webhook" -o json)
  jq -r '[.items[].endpoints[]? | select(.conditions.ready) | .addresses[]] | unique | join(" ")' <<< "$slices"
}
two_addresses() {
  [ "$(webhook_addresses | wc -w)" = 2 ]
}

# decision_of POD: the decision in the API server's audit log, "none" where the webhook sent none
decision_of() {
  await 5 "the creation of $1 is on the audit log" grep -q "\"name\":\"$1\"" "$E2E_DIR/logs/audit.log"
  grep "\"name\":\"$1\"" "$E2E_DIR/logs/audit.log" | tail -1 | jq -r '.annotations
    | to_entries | map(select(.key == "pods.smc.asm.alibabacloud.com/decision")) | .[0].value // "none"'
}

# none_left KUBECTL-GET...: it was answered, and there is none
none_left() {
  local found
  found=$(kubectl "$@" -o name) && [ -z "$found" ]
}

two_webhook_pods() { # and none that drains
  [ "$(kubectl -n "$NAMESPACE" get pods -l app.kubernetes.io/component=webhook -o name | wc -l)" = 2 ]
}

export -f two_webhook_pods two_addresses metric metrics webhook_addresses # for the commands of `await`

# left_of NAMESPACE (to be assigned, so that its failure is the scenario's): what is still there of the release, after its pods have drained: anything in its namespace that is
# not Kubernetes' own, and cluster-scoped objects with its namespace in their names
left_of() {
  local kinds in_namespace in_cluster
  await 90 "the pods of $1 are gone" none_left -n "$1" get pods
  kinds=$(kubectl api-resources --namespaced=true --verbs=list -o name | grep -vE '^(events|endpoints$)' | paste -sd,)
  # asked apart from grep, so that a question that fails is not taken for "nothing"
  in_namespace=$(kubectl -n "$1" get "$kinds" -o name --ignore-not-found)
  kinds=$(kubectl api-resources --namespaced=false --verbs=list -o name |
    grep -E '^(clusterroles|clusterrolebindings|.*(webhookconfigurations|admissionpolicies|admissionpolicybindings))\.' | paste -sd,)
  in_cluster=$(kubectl get "$kinds" -o name)
  grep -vxE 'serviceaccount/default|configmap/kube-root-ca.crt|' <<<"$in_namespace" || true
  grep -F ".$1." <<<"$in_cluster" || true
}
