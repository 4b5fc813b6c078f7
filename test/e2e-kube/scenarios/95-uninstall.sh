# helm uninstall leaves nothing behind, cluster-scoped objects included
helm uninstall "$RELEASE" -n "$NAMESPACE" --wait --timeout 90s
kubectl -n "$NAMESPACE" delete secret webhook-tls --ignore-not-found
left=$(left_of "$NAMESPACE")
equal "left of the release" "" "$left"
