# helm test: a dry run of an annotated pod by the webhook's own program, and nothing of it left
helm test "$RELEASE" -n "$NAMESPACE" --timeout 60s
left=$(kubectl -n "$NAMESPACE" get pods,serviceaccounts,roles,rolebindings -l app.kubernetes.io/component=test -o name)
equal "left of the test" "" "$left"
left=$(kubectl -n default get pods,roles,rolebindings -o name)
equal "left in the pod's namespace" "" "$left"
