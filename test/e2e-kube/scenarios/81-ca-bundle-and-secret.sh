# caBundle that somebody resets is put right, a Secret with rubbish is recovered
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
for rubbish in '{"ca.crt": "cnViYmlzaA=="}' '{"ca.key": null}' '{"ca.crt": null, "ca.key": null}'; do
  before=$(logged '"step":"restore"')
  secret_data "$rubbish"
  await 5 "the step against $rubbish is on the log" logged_again "$before" '"step":"restore"'
  await 5 "the CA is back after $rubbish" is_whole
  injects || fail "a pod goes without SMC after $rubbish"
done

# nobody remembers it: a new one, with the same end
kubectl -n "$NAMESPACE" scale "deployment/$RELEASE-smc-webhook" --replicas=0
await 30 "the webhook's pods are gone" none_left -n "$NAMESPACE" get pods -l app.kubernetes.io/component=webhook
secret_data '{"ca.crt": "cnViYmlzaA==", "ca.key": "cnViYmlzaA=="}'
kubectl -n "$NAMESPACE" scale "deployment/$RELEASE-smc-webhook" --replicas=2
kubectl -n "$NAMESPACE" rollout status "deployment/$RELEASE-smc-webhook" --timeout=30s
equal "the replicas serve the new CA" "$(ca_in_secret | subject)" "$(issuers)"
[ "$(ca_in_secret | subject)" != "$(subject <<< "$whole")" ] || fail "the CA is the old one"
await 10 "annotated pods are injected" injects
