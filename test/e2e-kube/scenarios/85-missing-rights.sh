# each missing verb of the webhook's rights is named on its log, and what it is for is made up for when the right is back
ROLE=role/$RELEASE-smc-webhook CLUSTER_ROLE=clusterrole/$CONFIGURATION
kubectl -n "$NAMESPACE" get "$ROLE" -o json | jq '{rules}' > "$SCENARIO_DIR/role.json"
kubectl get "$CLUSTER_ROLE" -o json | jq '{rules}' > "$SCENARIO_DIR/cluster-role.json"
restore() {
  kubectl -n "$NAMESPACE" patch "$ROLE" --type=merge -p "$(cat "$SCENARIO_DIR/role.json")"
  kubectl patch "$CLUSTER_ROLE" --type=merge -p "$(cat "$SCENARIO_DIR/cluster-role.json")"
}
trap restore EXIT

without() { # VERB RESOURCE FILE
  jq --arg verb "$1" --arg resource "$2" '.rules |= map(if .resources == [$resource] then .verbs -= [$verb] else . end | select(.verbs != []))' "$SCENARIO_DIR/$3"
}
named=0
# deny VERB RESOURCE COMMAND...: without that right, what COMMAND sets off ends in a line that names it
deny() {
  local verb=$1 resource=$2 text before
  shift 2
  text="the verb \\\"$verb\\\" on resource \\\"$resource\\\"" # as JSON has it
  before=$(logged "$text")
  kubectl -n "$NAMESPACE" patch "$ROLE" --type=merge -p "$(without "$verb" "$resource" role.json)"
  kubectl patch "$CLUSTER_ROLE" --type=merge -p "$(without "$verb" "$resource" cluster-role.json)"
  sleep 0.3 # the API server's own watch on roles
  "$@"
  await 15 "the log names $verb on $resource" logged_again "$before" "$text"
  restore
  ((++named))
}
touch_secret() {
  kubectl -n "$NAMESPACE" annotate --overwrite secret "$CA_SECRET" "e2e/touched=$EPOCHREALTIME"
}
new_replica() { # in place of one that is not on its way out
  kubectl -n "$NAMESPACE" delete pod --wait=false "$(kubectl -n "$NAMESPACE" get pods -l app.kubernetes.io/component=webhook -o json |
    jq -r 'first(.items[] | select(.metadata.deletionTimestamp == null)).metadata.name')"
}
CONFIGURATIONS=mutatingwebhookconfigurations
whole=$(ca_in_secret)
deny get secrets touch_secret
deny get $CONFIGURATIONS touch_secret
deny create secrets kubectl -n "$NAMESPACE" delete secret "$CA_SECRET"
await 20 "the Secret is back" bash -c "[ \"\$(ca_in_secret | subject)\" = '$(subject <<< "$whole")' ]"
deny update secrets secret_data '{"ca.crt": "cnViYmlzaA=="}'
await 20 "the CA is back" bash -c "[ \"\$(ca_in_secret | subject)\" = '$(subject <<< "$whole")' ]"
deny patch $CONFIGURATIONS kubectl patch mutatingwebhookconfiguration "$CONFIGURATION" --type=json \
  -p '[{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]'
await 20 "caBundle is back" bash -c '[ "$(ca_bundle | certificates_in)" != 0 ]'
for verb in list watch; do
  deny $verb secrets new_replica
  deny $verb $CONFIGURATIONS new_replica
done
kubectl -n "$NAMESPACE" rollout status "deployment/$RELEASE-smc-webhook" --timeout=30s
await 30 "the old pods are gone" two_webhook_pods
await 30 "the replicas are in touch" bash -c "[ \"\$(metric smc_webhook_api_in_touch)\" = 2 ]"
figure "$named verbs named"
