# mode auto: where a namespace enforces Pod Security the init container has no privilege; the webhook follows the label
namespace strict
trap 'kubectl delete namespace strict --wait=false' EXIT
annotated_pod > "$SCENARIO_DIR/pod.json"

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

# the API server that enforces the level takes the pod with what was put into it, and not with the other mode's
if [ "$(kubectl version -o json | jq -r '.serverVersion.minor' | tr -dc 0-9)" -ge 25 ]; then
  annotated_pod '.spec.securityContext = {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: "RuntimeDefault"}}
    | .spec.containers[0].securityContext = {allowPrivilegeEscalation: false, capabilities: {drop: ["ALL"]}}' > "$SCENARIO_DIR/restricted.json"
  equal "a restricted pod's first init container" smc-init "$(dry_run "$SCENARIO_DIR/restricted.json" -n strict | first_init)"
else
  not_run "a namespace that enforces restricted takes the pod" "Pod Security admission is on from 1.23 on; the container is compared with the level's rules"
fi

enforce =privileged
await 5 "the level privileged gives it back" mode_is privileged strict
enforce -
equal "modes on the audit log" '["agent","privileged"]' \
  "$(jq -sc '[.[].annotations["pods.smc.asm.alibabacloud.com/mode"] // empty] | unique' "$E2E_DIR/logs/audit.log")"
