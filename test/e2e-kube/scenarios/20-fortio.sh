# the fortio pair: as it comes nobody touches it; opted in it is mutated, accepted, placed on labelled nodes only
kubectl -n apps apply -f "$ROOT/examples/fortio.yaml"
pair() { # INIT-CONTAINER: of both, once their Deployments are as they should be
  local app pod
  for app in fortioserver fortioclient; do
    kubectl -n apps rollout status deployment/$app --timeout=30s
    await 10 "$app: its old pods are gone" one_pod $app
    pod=$(kubectl -n apps get pods -l app=$app -o json | jq '.items[0]')
    equal "$app: first init container" "$1" "$(first_init <<< "$pod")"
    equal "$app: containers" captured,anolis "$(jq -r '[.spec.containers[].name] | join(",")' <<< "$pod")"
    [ "$1" = none ] || matches "$app: node" '^node[12]$' "$(jq -r .spec.nodeName <<< "$pod")"
  done
  equal "nodes in use" 2 "$(kubectl -n apps get pods -o json | jq '[.items[].spec.nodeName] | unique | length')"
}
one_pod() { [ "$(kubectl -n apps get pods -l "app=$1" -o name | wc -l)" = 1 ]; }
export -f one_pod
pair none
patch=$(sed -n "s/^#  *'\({\"spec\".*}\)'$/\1/p" "$ROOT/examples/fortio.yaml")
kubectl -n apps patch deployment fortioserver fortioclient --type=merge -p "$patch"
pair smc-init

# a third pod of the pair's kind finds node3 empty, and must not take it
kubectl -n apps scale deployment/fortioclient --replicas=2
await 20 "the third pod is found unschedulable" bash -c "kubectl -n apps get pods -o json | jq -e '
  [.items[] | select(.spec.nodeName == null) | .status.conditions[]? | select(.reason == \"Unschedulable\")] | length == 1'"
kubectl label node node3 "$PREFIX/erdma=true"
kubectl -n apps rollout status deployment/fortioclient --timeout=30s
kubectl label node node3 "$PREFIX/erdma-"
kubectl -n apps scale deployment/fortioclient --replicas=1
