# LimitRange and ResourceQuota: what they refuse, and the annotation or default with which they take the pod
overrides() { # NAME,...: those that count
  helm upgrade "$RELEASE" "$CHART" -n "$NAMESPACE" --reuse-values --set "injection.overrides.allowed={$1}" >/dev/null
}
limit_range() { # ITEM-JSON: for the containers of namespace limited
  jq -n --argjson item "$1" '{apiVersion: "v1", kind: "LimitRange", metadata: {name: "limits"},
    spec: {limits: [{type: "Container"} + $item]}}' | kubectl -n limited apply -f - >/dev/null
}
# pod NAME CPU MEMORY [RESOURCES-ANNOTATION [JQ-FILTER]]: its container may have as much as it asks for. No scheduler
# takes it.
pod() {
  annotated_pod ".metadata.name = \"$1\" | .spec.schedulerName = \"nobody\" |
      .spec.containers[0].resources = ({cpu: \"$2\", memory: \"$3\"} | {requests: ., limits: .}) | ${5:-.}" |
    jq --arg key "$PREFIX/resources" --arg value "${4:-}" 'if $value == "" then . else .metadata.annotations[$key] = $value end' \
      > "$SCENARIO_DIR/$1.json"
}
# create NAMESPACE NAME [KUBECTL-OPTION...]: what the API server makes of it is in NAME.made, what is said in NAME.said
create() {
  local namespace=$1 name=$2
  shift 2
  kubectl -n "$namespace" create -o json -f "$SCENARIO_DIR/$name.json" "$@" > "$SCENARIO_DIR/$name.made" 2> "$SCENARIO_DIR/$name.said"
}
is_taken() { # without a word, and ours is the one init container
  create "$@" && [ ! -s "$SCENARIO_DIR/$2.said" ] &&
    [ "$(jq -r '[.spec.initContainers[].name] | join(",")' "$SCENARIO_DIR/$2.made")" = smc-init ]
}
is_refused() { # PATTERN NAMESPACE NAME [KUBECTL-OPTION...]
  local pattern=$1
  shift
  ! create "$@" && grep -qE "$pattern" "$SCENARIO_DIR/$2.said"
}
taken() { is_taken "$@" || fail "$2 is not taken: $(cat "$SCENARIO_DIR/$2.said")"; }
refused() { is_refused "$@" || fail "$3 is not refused for $1: $(cat "$SCENARIO_DIR/$3.said")"; }
dry=--dry-run=server

namespace limited
namespace counted
trap 'overrides on-failure; kubectl delete namespace limited counted --wait=false' EXIT

# a minimum above what our container asks for
limit_range '{"min": {"cpu": "100m", "memory": "64Mi"}}'
pod plain 200m 128Mi
await 10 "the minimum is in force" is_refused "minimum cpu usage per Container is 100m, but request is 50m" limited plain $dry
refused "minimum memory usage per Container is 64Mi, but request is 32Mi" limited plain $dry
pod fitted 200m 128Mi cpu=100m,memory=64Mi
refused "annotation $PREFIX/resources is ignored: the webhook's configuration does not allow it" limited fitted $dry
overrides on-failure,resources
await 10 "the annotation counts, and the pod is taken" is_taken limited fitted $dry
equal "our container's resources" '{"limits":{"cpu":"100m","memory":"64Mi"},"requests":{"cpu":"100m","memory":"64Mi"}}' \
  "$(jq -cS '.spec.initContainers[0].resources' "$SCENARIO_DIR/fitted.made")"
pod mistyped 200m 128Mi cpu=much
refused "annotation $PREFIX/resources is ignored: .*cpu=much.* is not cpu=QUANTITY" limited mistyped $dry

# a maximum below it
limit_range '{"max": {"cpu": "20m", "memory": "16Mi"}}'
pod plain 20m 16Mi
await 10 "the maximum is in force" is_refused "maximum cpu usage per Container is 20m, but limit is 50m" limited plain $dry
pod fitted 20m 16Mi cpu=20m,memory=16Mi
taken limited fitted $dry

# a ratio: ours is 1 for CPU and memory; for another resource LimitRanger's defaults serve, and stay in our container
limit_range '{"maxLimitRequestRatio": {"cpu": "1", "memory": "1"}}'
await 10 "the ratio of 1 takes it" is_taken limited plain $dry
pod stored 20m 16Mi '' '.spec.containers[0].resources |= map_values(. + {"ephemeral-storage": "1Gi"})'
limit_range '{"maxLimitRequestRatio": {"ephemeral-storage": "2"}}'
await 10 "the ratio of storage is in force" \
  is_refused "ephemeral-storage max limit to request ratio per Container is 2, but no request is specified" limited stored $dry
limit_range '{"maxLimitRequestRatio": {"ephemeral-storage": "2"}, "default": {"ephemeral-storage": "2Gi"},
  "defaultRequest": {"ephemeral-storage": "1Gi"}}'
await 10 "its defaults serve our container" is_taken limited stored $dry
equal "our container's CPU and storage" "50m 1Gi 50m 2Gi" "$(jq -r '.spec.initContainers[0].resources |
  [.requests, .limits] | map("\(.cpu) \(.["ephemeral-storage"])") | join(" ")' "$SCENARIO_DIR/stored.made")"

# a quota: an init container counts as far as it exceeds the sum of the others
used() { # CPU
  [ "$(kubectl -n counted get resourcequota quota -o json | jq -r '.status.used["requests.cpu"]')" = "$1" ]
}
kubectl -n counted create quota quota --hard=requests.cpu=100m,requests.memory=1Gi,limits.cpu=1,limits.memory=1Gi,pods=9
await 30 "the quota is in force" used 0
pod first 60m 32Mi
taken counted first
await 10 "our container does not count beside a larger one" used 60m
pod second 20m 16Mi
refused "exceeded quota: quota, requested: requests.cpu=50m, used: requests.cpu=60m, limited: requests.cpu=100m" counted second
pod second 20m 16Mi cpu=20m,memory=16Mi
taken counted second
await 10 "with the annotation it does not count at all" used 80m
