# caBundle that somebody resets is put right, a malformed Secret or none at all is recovered
annotated_pod > "$SCENARIO_DIR/pod.json"
before=$(ca_bundle)

set_bundle() { # BASE64
  kubectl patch mutatingwebhookconfiguration "$CONFIGURATION" --type=json \
    -p "[{\"op\": \"add\", \"path\": \"/webhooks/0/clientConfig/caBundle\", \"value\": \"$1\"}]"
}
is_back() {
  [ "$(ca_bundle)" = "$before" ]
}
for value in "" "$(base64 -w0 "$E2E_DIR/pki/ca.crt")"; do
  set_bundle "$value"
  await 5 "caBundle is put right" is_back
done

# while a replica remembers the CA, it comes back as it was
whole=$(ca_in_secret)
is_whole() {
  [ "$(ca_in_secret)" = "$whole" ]
}
for malformed in '{"ca.crt": "cnViYmlzaA=="}' '{"ca.key": null}' '{"ca.crt": null, "ca.key": null}'; do
  before=$(logged '"step":"restore"')
  secret_data "$malformed"
  await 5 "the step against $malformed is on the log" logged_again "$before" '"step":"restore"'
  await 5 "the CA is back after $malformed" is_whole
  injects || fail "a pod goes without SMC after $malformed"
done

# a Secret that is deleted comes back with the same CA, and no pod notices; both replicas miss it at the same moment
bundle=$(ca_bundle)
creations() { # STATUS: of Secrets, by the API server's own count
  kubectl get --raw /metrics | awk -v code="code=\"$1\"" '/^apiserver_request_total{/ && /resource="secrets"/ && /verb="POST"/ &&
    index($0, code) {sum += $NF} END {print sum + 0}'
}
start_load 50
made=$(creations 201) late=$(creations 409)
for _ in 1 2 3; do
  before=$(logged '"step":"restore"')
  kubectl -n "$NAMESPACE" delete secret "$CA_SECRET"
  await 5 "the CA is back after the Secret was deleted" is_whole
  await 5 "that is on the log" logged_again "$before" '"step":"restore"'
  sleep 1
done
equal "Secrets that were made" 3 $(($(creations 201) - made))
end_load
figure "; a Secret made 3 times, $(($(creations 409) - late)) times found made by the other replica"
equal "caBundle" "$bundle" "$(ca_bundle)"
equal "its owner" "$CONFIGURATION" \
  "$(kubectl -n "$NAMESPACE" get secret "$CA_SECRET" -o jsonpath='{.metadata.ownerReferences[0].name}')"

# Helm goes on with the Secret as if it were its own: a later version of the chart has other labels
cp -r "$CHART" "$SCENARIO_DIR/chart"
sed -i 's/^version: .*/version: 99.0.0/' "$SCENARIO_DIR/chart/Chart.yaml"
helm upgrade "$RELEASE" "$SCENARIO_DIR/chart" -n "$NAMESPACE" --reuse-values --wait --timeout 60s
equal "the Secret's version of the chart" smc-webhook-99.0.0 \
  "$(kubectl -n "$NAMESPACE" get secret "$CA_SECRET" -o jsonpath='{.metadata.labels.helm\.sh/chart}')"
await 1 "the CA stays" is_whole
injects || fail "a pod goes without SMC after the upgrade"

# nobody remembers the CA: a new one, the same for both replicas; first they find a malformed one, then no Secret to agree on
forgotten() { # COMMAND...: while there is no replica
  kubectl -n "$NAMESPACE" scale "deployment/$RELEASE-smc-webhook" --replicas=0
  await 30 "the webhook's pods are gone" none_left -n "$NAMESPACE" get pods -l app.kubernetes.io/component=webhook
  "$@"
  kubectl -n "$NAMESPACE" scale "deployment/$RELEASE-smc-webhook" --replicas=2
  kubectl -n "$NAMESPACE" rollout status "deployment/$RELEASE-smc-webhook" --timeout=30s
  equal "the replicas serve the new CA" "$(ca_in_secret | subject)" "$(issuers)"
  [ "$(ca_in_secret | subject)" != "$(subject <<< "$whole")" ] || fail "the CA is the old one"
  await 10 "annotated pods are injected" injects
}
forgotten secret_data '{"ca.crt": "cnViYmlzaA==", "ca.key": "cnViYmlzaA=="}'
whole=$(ca_in_secret)
forgotten kubectl -n "$NAMESPACE" delete secret "$CA_SECRET"
equal "replicas that made the Secret" 1 "$(metric smc_webhook_certificate_steps_total 'result="ok",step="create"')"
