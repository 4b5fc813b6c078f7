# a rolling restart of both webhook pods under 200 pod creations a second
start_load 200
sleep 1
kubectl -n "$NAMESPACE" rollout restart "deployment/$RELEASE-smc-webhook"
kubectl -n "$NAMESPACE" rollout status "deployment/$RELEASE-smc-webhook" --timeout=60s
await 30 "the old pods are gone" two_webhook_pods
sleep 1
end_load
