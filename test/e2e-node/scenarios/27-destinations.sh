# destinations that stay on TCP: on a kernel with a handshake control a pod's list holds before its programs run; on an
# older one its summary and an Event say that the list has no effect
helm upgrade "$RELEASE" "$CHART" -n "$NAMESPACE" --reuse-values --set 'injection.overrides.allowed={on-failure,programs,exclude-destinations}' >/dev/null
probe_has_list() {
  annotated_pod ".metadata.annotations[\"$PREFIX/exclude-destinations\"] = \":5001\"" | kubectl -n apps create --dry-run=server -o json -f - |
    jq -e '.spec.initContainers[0].args | index("--exclude-destinations=:5001") != null' >/dev/null
}
await 30 "the webhook lets pods have lists" probe_has_list
kubectl -n "$NAMESPACE" rollout status "daemonset/$RELEASE-smc-webhook-agent" --timeout=240s

for port in 5000 5001; do traffic_pod "server$port" "[\"server\", \"smc\", \"$port\"]"; done
for port in 5000 5001; do
  kubectl -n apps wait --for=condition=Ready "pod/server$port" --timeout=60s
  address=$(kubectl -n apps get pod "server$port" -o jsonpath='{.status.podIP}')
  traffic_pod "client$port" "[\"client\", \"smc\", \"$address:$port\", \"--hold\"]" \
    ".metadata.annotations[\"$PREFIX/exclude-destinations\"] = \":5001, 10.99.0.0/16\""
done
for port in 5000 5001; do
  result=$E2E_DIR/logs/apps_client${port}_app.log
  await 90 "the client of port $port has its answers" grep -q '^{.*connections' "$result"
  equal "what it lost" '[0,""]' "$(jq -c '[.lost, .error]' "$result")"
done
summary=$(kubectl -n apps get pod client5001 -o json | jq -r '.status.initContainerStatuses[0].state.terminated.message')
equal "sockets to the port that is not excluded" '{"smcr":1}' "$(smc_sockets node1 "$(uid_of apps client5000)")"
if on_node node1 test -e /proc/sys/net/smc/hs_ctrl; then
  equal "sockets to the excluded port" '{"tcp":1}' "$(smc_sockets node1 "$(uid_of apps client5001)")"
  equal "excluded destinations in its summary" 2 "$(jq .excludedDestinations <<< "$summary")"
  figure "with net.smc.hs_ctrl: port 5000 SMC-R, excluded port 5001 TCP"
else
  equal "sockets to the excluded port" '{"smcr":1}' "$(smc_sockets node1 "$(uid_of apps client5001)")"
  jq -e '.warnings | any(contains("2 destinations not excluded"))' <<< "$summary" >/dev/null || fail "no warning: $summary"
  has_event() { kubectl -n apps get events -o json | jq -e 'any(.items[]; .reason == "SmcNotSetUp" and (.message | startswith("destinations_not_excluded")))' >/dev/null; }
  await 60 "an Event says so" has_event
  figure "without net.smc.hs_ctrl: $(jq -r '.warnings[0]' <<< "$summary")"
fi
kubectl -n apps delete pod server5000 server5001 client5000 client5001
