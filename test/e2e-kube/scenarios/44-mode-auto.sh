# mode auto: where a namespace enforces Pod Security the init container has no privilege; the webhook follows the label
namespace strict
trap 'kubectl delete namespace strict --wait=false' EXIT
# it keeps the rules of the level "restricted"
annotated_pod '.spec.securityContext = {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: "RuntimeDefault"}}
  | .spec.containers[0].securityContext = {allowPrivilegeEscalation: false, capabilities: {drop: ["ALL"]}}
  | .spec.schedulerName = "nobody"' > "$SCENARIO_DIR/pod.json"

enforce() { # =LEVEL, or - to take the label off
  kubectl label --overwrite namespace strict "pod-security.kubernetes.io/enforce$1"
}
# mode_is MODE NAMESPACE: what is written into a pod there
mode_is() {
  dry_run "$SCENARIO_DIR/pod.json" -n "$2" > "$SCENARIO_DIR/$2.made" &&
    [ "$(jq -r --arg key "$PREFIX/status" '.metadata.annotations[$key] | fromjson | .mode' "$SCENARIO_DIR/$2.made")" = "$1" ]
}
followed() { # by both replicas
  [ "$(metric smc_webhook_api_up namespaces)" = 2 ]
}

await 10 "both replicas follow the namespaces" followed
await 5 "a namespace without a level admits a privileged container" mode_is privileged strict
for level in baseline restricted; do
  enforce =$level
  await 5 "$level takes the privilege away" mode_is agent strict
  equal "the other namespace" privileged "$(mode_is privileged apps && echo privileged)"
done
equal "arguments" '["pod","--by-agent","--on-failure=fallback"]' "$(jq -c '.spec.initContainers[0].args' "$SCENARIO_DIR/strict.made")"
equal "without privilege" '{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"readOnlyRootFilesystem":true,"runAsGroup":65532,"runAsNonRoot":true,"runAsUser":65532,"seccompProfile":{"type":"RuntimeDefault"}}' \
  "$(jq -cS '.spec.initContainers[0].securityContext' "$SCENARIO_DIR/strict.made")"

# the API server that enforces the level takes what was put into the pod, and not the other mode's
enforces() { # a pod that breaks the level is refused there
  annotated_pod 'del(.metadata.annotations) | .spec.hostPID = true' > "$SCENARIO_DIR/forbidden.json"
  ! dry_run "$SCENARIO_DIR/forbidden.json" -n strict > "$SCENARIO_DIR/refused" 2>&1 && grep -q PodSecurity "$SCENARIO_DIR/refused"
}
refused_for_privilege() {
  ! dry_run "$SCENARIO_DIR/pod.json" -n strict > "$SCENARIO_DIR/refused" 2>&1 && grep -q privileged= "$SCENARIO_DIR/refused"
}
deployment() { # NAME: of a pod that keeps the rules of "restricted"
  jq --arg name "$1" '{apiVersion: "apps/v1", kind: "Deployment", metadata: {$name}, spec: {selector: {matchLabels: {app: $name}},
    template: {metadata: (.metadata | del(.name) | .labels = {app: $name}), spec: .spec}}}' "$SCENARIO_DIR/pod.json" |
    kubectl -n strict create -f -
}
configure() { # MODE
  helm upgrade "$RELEASE" "$CHART" -n "$NAMESPACE" --reuse-values --set "initContainer.mode=$1" >/dev/null
}
has_pod() { # NAME
  ! none_left -n strict get pods -l "app=$1"
}
says() { # NAME PATTERN: what the Deployment's owner reads in its status, and in its ReplicaSet's events
  kubectl -n strict describe deployment "$1" > "$SCENARIO_DIR/$1.described"
  kubectl -n strict get deployment "$1" -o json > "$SCENARIO_DIR/$1.json"
  jq -e --arg pattern "$2" 'any(.status.conditions[]; .type == "ReplicaFailure" and (.message | test($pattern)))' "$SCENARIO_DIR/$1.json" &&
    kubectl -n strict get events --field-selector reason=FailedCreate -o json |
    jq -e --arg name "$1" --arg pattern "$2" 'any(.items[]; (.involvedObject.name | startswith($name)) and (.message | test($pattern)))'
}
if enforces; then
  equal "a restricted pod's first init container" smc-init "$(dry_run "$SCENARIO_DIR/pod.json" -n strict | first_init)"
  for level in baseline restricted; do
    enforce =$level
    deployment "auto-$level"
    await 10 "the Deployment has its pod in $level" has_pod "auto-$level"
  done
  configure privileged
  trap 'configure auto; kubectl delete namespace strict --wait=false' EXIT
  await 10 "the webhook's mode is privileged" refused_for_privilege
  for level in baseline restricted; do
    enforce =$level
    deployment "privileged-$level"
    await 10 "the owner reads why there is no pod in $level" says "privileged-$level" \
      "violates PodSecurity \"$level:latest\": privileged \\(container \"smc-init\" must not set securityContext.privileged=true"
    none_left -n strict get pods -l "app=privileged-$level" || fail "there is a privileged pod in $level"
  done
  configure auto
  await 10 "the webhook's mode is auto again" mode_is agent strict
  figure "$(jq -r '.status.conditions[] | select(.type == "ReplicaFailure") | .message | sub("^pods [^ ]+ is forbidden: "; "")' \
    "$SCENARIO_DIR/privileged-baseline.json")"
  # the chart's own pods: no warning that one of them breaks the strictest level
  kubectl label --dry-run=server --overwrite namespace "$NAMESPACE" pod-security.kubernetes.io/enforce=restricted 2> "$SCENARIO_DIR/warnings"
  equal "what the level restricted says of the webhook's own pods" "" "$(cat "$SCENARIO_DIR/warnings")"
else
  not_run "a namespace that enforces Pod Security takes the pods of mode agent, and of the chart" \
    "this version does not enforce it; the container is compared with the level's rules"
fi

enforce =privileged
await 5 "the level privileged gives it back" mode_is privileged strict
enforce -
equal "modes on the audit log" '["agent","privileged"]' \
  "$(jq -sc '[.[].annotations["pods.smc.asm.alibabacloud.com/mode"] // empty] | unique' "$E2E_DIR/logs/audit.log")"
