# the CA is rotated on request under 200 pod creations a second
# the waits of a test; the chart's own are a minute and an hour
helm upgrade "$RELEASE" "$CHART" -n "$NAMESPACE" --reuse-values \
  --set 'webhook.extraArgs={--rotation-settle=3s,--rotation-retain=4s}' >/dev/null
kubectl -n "$NAMESPACE" rollout status "deployment/$RELEASE-smc-webhook" --timeout=60s
await 30 "the old pods are gone" two_webhook_pods
old=$(ca_in_secret | subject)
await 20 "a CA of an earlier recovery is pruned" trusted_alone "$old"
start_load 200
sleep 1
kubectl -n "$NAMESPACE" annotate secret "$CA_SECRET" "$PREFIX/rotate=$EPOCHREALTIME"
await 5 "caBundle holds both" bash -c '[ "$(ca_bundle | certificates_in)" = 2 ]'
equal "what is served while both are trusted for the first time" "$old" "$(issuers)"
await 30 "the new CA is the only one" rotated_from "$old"
sleep 1
end_load
