# helm uninstall leaves nothing behind, cluster-scoped objects and nodes included
helm uninstall "$RELEASE" -n "$NAMESPACE" --wait --timeout 90s
kubectl -n "$NAMESPACE" delete secret webhook-tls --ignore-not-found
equal "left of the release" "" "$(left_of "$NAMESPACE")"
