# the configuration follows its ConfigMap without a restart; a bad one keeps the old
annotated_pod > "$SCENARIO_DIR/pod.json"
decided() { # CODE: a dry run of an annotated pod is decided so
  local before
  before=$(metric smc_webhook_reviews_total "decision=\"$1\"")
  dry_run "$SCENARIO_DIR/pod.json" -n apps > "$SCENARIO_DIR/answer.json" 2> "$SCENARIO_DIR/stderr"
  [ "$(metric smc_webhook_reviews_total "decision=\"$1\"")" -gt "$before" ]
}
configure() { # HELM-OPTION...
  helm upgrade "$RELEASE" "$CHART" -n "$NAMESPACE" --reuse-values "$@" >/dev/null
}
mistake_counted() { # by one of them at the least; "none" is no number
  [ "$(metric smc_webhook_reloads_total 'result="error",what="config"')" -ge 1 ]
}
pods() {
  kubectl -n "$NAMESPACE" get pods -l app.kubernetes.io/component=webhook -o name | sort
}
before=$(pods)
configure --set mesh.smcEnabled=false
await 10 "the mesh switch is off" decided mesh_disabled
matches "warning" "SMC is off for the whole mesh" "$(cat "$SCENARIO_DIR/stderr")"
configure --set mesh.smcEnabled=true --set injection.onFailure=fail
await 10 "the mesh switch is on" decided injected
await 10 "the new default reaches the pods" bash -c "kubectl create --dry-run=server -o json -n apps -f '$SCENARIO_DIR/pod.json' |
  jq -e '.spec.initContainers[0].args | index(\"--on-failure=fail\")'"

# somebody edits the ConfigMap by hand, and mistypes
trap 'configure --set injection.onFailure=fallback --force-conflicts' EXIT # pods that start with it would fail
kubectl -n "$NAMESPACE" get configmap "$RELEASE-smc-webhook" -o json |
  jq '.data["config.yaml"] |= sub("onFailure: fail"; "onFailur: fallback")' | kubectl replace -f -
await 10 "the mistake is counted" mistake_counted
equal "on-failure after the mistake" true \
  "$(dry_run "$SCENARIO_DIR/pod.json" -n apps | jq '.spec.initContainers[0].args | index("--on-failure=fail") != null')"
configure --set injection.onFailure=fallback --force-conflicts # Helm asks before it overwrites the edit
await 10 "the default is back" bash -c "kubectl create --dry-run=server -o json -n apps -f '$SCENARIO_DIR/pod.json' |
  jq -e '.spec.initContainers[0].args | index(\"--on-failure=fallback\")'"
equal "webhook pods" "$before" "$(pods)"
