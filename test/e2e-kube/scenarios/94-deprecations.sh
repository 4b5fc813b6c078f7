# nothing that the chart makes or that its programs ask for is deprecated in this Kubernetes
# The audit log marks a request for what is deprecated. Kubernetes' own programs make some, such as the garbage collector,
# which watches every kind; and kubectl is the scenarios' own.
asked_for_deprecated() { # one a line: the program, tab, what it asked for as the metric below writes it
  jq -r 'select(.annotations["k8s.io/deprecated"] == "true") | "\(.userAgent | sub("[/ ].*"; ""))\t\(.objectRef | "\(.apiGroup // "")/\(.apiVersion)/\(.resource)")"' \
    "$E2E_DIR/logs/audit.log" | sort -u
}
requests_by() { # JQ-CONDITION
  jq -c "select($1) | 1" "$E2E_DIR/logs/audit.log" | wc -l
}

# the programs, in all the scenarios before
kernel node1 '.device = true'
agents smc-node-agent-played --force-conflicts # Helm asks before it overwrites what another scenario patched
await 15 "node1 has its label" labelled node1
asked_for_deprecated > "$SCENARIO_DIR/asked"
cat "$SCENARIO_DIR/asked"
for program in webhook agent; do
  of=".user.username == \"system:serviceaccount:$NAMESPACE:$RELEASE-smc-$([ $program = agent ] && echo webhook-agent || echo webhook)\""
  [ "$(requests_by "$of")" -gt 0 ] || fail "the $program asked for nothing"
  equal "what is deprecated and the $program asks for" 0 "$(requests_by "$of and .annotations[\"k8s.io/deprecated\"] == \"true\"")"
done
equal "who else asks for what is deprecated" "" "$(cut -f1 "$SCENARIO_DIR/asked" | grep -vxE 'kube-controller-manager|kube-apiserver|kubectl' | sort -u)"
# the API server's own count knows of no other
kubectl get --raw /metrics | sed -nE '/^apiserver_requested_deprecated_apis\{/ s#.*[{,]group="([^"]*)".*,resource="([^"]*)".*,version="([^"]*)".*#\1/\3/\2#p' |
  sort -u > "$SCENARIO_DIR/counted"
equal "what the metric has and the audit log has not" "" "$(comm -23 "$SCENARIO_DIR/counted" <(cut -f2 "$SCENARIO_DIR/asked" | sort -u))"

# the chart with all that it has, and the example: a warning would be an error
namespace deprecations
trap 'kubectl delete namespace deprecations --wait=false' EXIT
version=$(kubectl version -o json | jq -r .serverVersion.gitVersion)
helm template "$RELEASE" "$CHART" -n deprecations --kube-version "$version" --set agent.enabled=true,events.enabled=true \
  --set runtimeClasses.watch=true,webhook.autoscaling.enabled=true,networkPolicy.enabled=true > "$SCENARIO_DIR/chart.yaml"
kubectl -n deprecations create serviceaccount "$RELEASE-smc-webhook-test" # admission looks for the test pod's
kubectl apply --server-side --dry-run=server --warnings-as-errors -o name -f "$SCENARIO_DIR/chart.yaml" > "$SCENARIO_DIR/made"
for kind in deployment daemonset horizontalpodautoscaler poddisruptionbudget networkpolicy mutatingwebhookconfiguration; do
  grep -q "^$kind" "$SCENARIO_DIR/made" || fail "there is no $kind among the chart's objects"
done
kubectl apply --dry-run=server --warnings-as-errors -n deprecations -f "$ROOT/examples/fortio.yaml"
# Helm shows the warnings that it gets
helm upgrade "$RELEASE" "$CHART" -n "$NAMESPACE" --reuse-values --force-conflicts > "$SCENARIO_DIR/stdout" 2> "$SCENARIO_DIR/stderr"
equal "what helm upgrade warns of" "" "$(cat "$SCENARIO_DIR/stderr")"
figure "$(wc -l < "$SCENARIO_DIR/made") objects of the chart as $(grep -hE '^apiVersion: (policy|autoscaling)/' "$SCENARIO_DIR/chart.yaml" | sort -u | cut -d' ' -f2 | paste -sd' '), $(jq -s length "$E2E_DIR/logs/audit.log") requests"
