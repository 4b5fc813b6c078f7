# the webhook is down: Ignore creates pods without SMC, Fail refuses annotated ones
down() {
  kubectl -n "$NAMESPACE" scale "deployment/$RELEASE-smc-webhook" --replicas=0
  # a draining one still answers on the connections that the API server keeps
  await 30 "the webhook's pods are gone" none_left -n "$NAMESPACE" get pods -l app.kubernetes.io/component=webhook
}
policy() {
  kubectl patch mutatingwebhookconfiguration "$CONFIGURATION" --type=json \
    -p "[{\"op\": \"replace\", \"path\": \"/webhooks/0/failurePolicy\", \"value\": \"$1\"}]"
}
up() {
  kubectl -n "$NAMESPACE" scale "deployment/$RELEASE-smc-webhook" --replicas=2
  kubectl -n "$NAMESPACE" rollout status "deployment/$RELEASE-smc-webhook" --timeout=30s
}
trap 'policy Ignore; up' EXIT # the scenarios behind need it, whatever happens here
annotated_pod > "$SCENARIO_DIR/pod.json"
down
equal "Ignore: first init container" none "$(dry_run "$SCENARIO_DIR/pod.json" -n apps | first_init)"
policy Fail
await 5 "Fail refuses the pod" bash -c "! kubectl create --dry-run=server -n apps -f '$SCENARIO_DIR/pod.json'"
message=$(dry_run "$SCENARIO_DIR/pod.json" -n apps 2>&1 >/dev/null || true)
matches "Fail: the message names the webhook" 'failed calling webhook "pods.smc.asm.alibabacloud.com"' "$message"
equal "Fail: a pod of an excluded namespace is created" none "$(dry_run "$SCENARIO_DIR/pod.json" -n kube-system | first_init)"

# with Fail, the webhook's own pods must be able to come back
up
await 10 "annotated pods are created again" bash -c "kubectl create --dry-run=server -n apps -f '$SCENARIO_DIR/pod.json'"
