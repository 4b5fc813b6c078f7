# a RuntimeClass counts by its handler, whatever its name, where the webhook may read them
class() { # NAME HANDLER
  jq -n --arg name "$1" --arg handler "$2" '{apiVersion: "node.k8s.io/v1", kind: "RuntimeClass", metadata: {name: $name},
    handler: $handler}' | kubectl apply -f -
}
decided() { # DECISION CLASS: a dry run of an annotated pod of that class
  local before
  annotated_pod ".spec.runtimeClassName = \"$2\"" > "$SCENARIO_DIR/pod.json"
  before=$(metric smc_webhook_reviews_total "decision=\"$1\"")
  dry_run "$SCENARIO_DIR/pod.json" -n apps > "$SCENARIO_DIR/made.json" 2> "$SCENARIO_DIR/said"
  [ "$(metric smc_webhook_reviews_total "decision=\"$1\"")" -gt "$before" ]
}
watched() { # true | false
  helm upgrade "$RELEASE" "$CHART" -n "$NAMESPACE" --reuse-values --set "runtimeClasses.watch=$1" >/dev/null
  kubectl -n "$NAMESPACE" rollout status "deployment/$RELEASE-smc-webhook" --timeout=60s
  await 30 "the old webhook pods are gone" two_webhook_pods
}
trap 'watched false; kubectl delete runtimeclass secure plain --ignore-not-found' EXIT

class secure kata-qemu
class plain runc
decided injected secure || fail "without the right the name alone decides: $(cat "$SCENARIO_DIR/said")"
watched true
await 10 "the handler decides" decided runtime_class secure
matches "warning" 'runtimeClassName.*secure' "$(cat "$SCENARIO_DIR/said")"
decided injected plain || fail "another handler: $(cat "$SCENARIO_DIR/said")"
equal "replicas that read them" 2 "$(metric smc_webhook_api_up runtime_classes)"
kubectl delete runtimeclass secure # a handler cannot be changed
class secure runc
await 10 "the new handler decides" decided injected secure
