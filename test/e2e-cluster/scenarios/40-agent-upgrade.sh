# another image of the agents by helm upgrade, and helm rollback, under a load each: no connection leaves SMC-R
version=${BENCH#*:}
push "oci-archive:$ROOT/build/image/smc-node-agent-$version.tar" "smc-node-agent:$version-next"
start_server strict node1

# across_change TAG HELM-COMMAND...: the agents get the image of that tag by it
across_change() {
  local tag=$1
  shift
  hold_load strict across node2
  helm "$@" -n "$NAMESPACE"
  # Its namespace waits for whichever agent comes, the one that goes or the one that follows.
  start_load strict meanwhile node2 3
  kubectl -n "$NAMESPACE" rollout status "daemonset/$RELEASE-smc-webhook-agent" --timeout=300s
  equal "images of the agents" "smc-node-agent:$tag" "$(kubectl -n "$NAMESPACE" get pods -l app.kubernetes.io/component=agent -o json |
    jq -r '[.items[].spec.containers[0].image | sub(".*/"; "")] | unique | join(" ")')"
  load_ran_over_smc strict meanwhile
  end_load strict across node2
  set_up strict meanwhile agent
  figure "$1: $(kubectl -n strict logs across -c app | grep -o '[0-9]* of [0-9]* connections SMC-R' | tail -1) "
  kubectl -n strict delete pod across meanwhile
}
across_change "$version-next" upgrade "$RELEASE" "$CHART" --reuse-values --set agent.image.tag="$version-next"
across_change "$version" rollback "$RELEASE"
kubectl -n strict delete pod server
