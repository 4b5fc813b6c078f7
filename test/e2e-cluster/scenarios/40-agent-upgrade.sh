# another image of the agents, by helm upgrade under a load: no connection leaves SMC-R, a pod started meanwhile is right
version=${BENCH#*:}
push "oci-archive:$ROOT/build/image/smc-node-agent-$version.tar" "smc-node-agent:$version-next"
start_server strict node1
start_load strict across node2 90
load_runs strict across

helm upgrade "$RELEASE" "$CHART" -n "$NAMESPACE" --reuse-values --set agent.image.tag="$version-next"
# Its namespace waits for whichever agent comes, the one that goes or the one that follows.
start_load strict meanwhile node2 3
kubectl -n "$NAMESPACE" rollout status "daemonset/$RELEASE-smc-webhook-agent" --timeout=300s
equal "images of the agents" "smc-node-agent:$version-next" "$(kubectl -n "$NAMESPACE" get pods -l app.kubernetes.io/component=agent -o json |
  jq -r '[.items[].spec.containers[0].image | sub(".*/"; "")] | unique | join(" ")')"
for name in meanwhile across; do load_ran_over_smc strict $name; done
set_up strict meanwhile agent
figure "$(kubectl -n strict logs across -c app | grep -o '[0-9]* of [0-9]* connections SMC-R' | tail -1) across it"
kubectl -n strict delete pod server across meanwhile
