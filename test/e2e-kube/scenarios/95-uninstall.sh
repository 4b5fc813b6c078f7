# helm uninstall leaves nothing behind, cluster-scoped objects included
helm uninstall "$RELEASE" -n "$NAMESPACE" --wait --timeout 90s
left=$(left_of "$NAMESPACE")
equal "left of the release" "" "$left"
