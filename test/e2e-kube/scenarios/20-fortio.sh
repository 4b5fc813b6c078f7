# the fortio pair: mutated, accepted, placed on labelled nodes only
kubectl -n apps apply -f "$ROOT/examples/fortio.yaml"
kubectl -n apps rollout status deployment/fortioserver --timeout=30s
kubectl -n apps rollout status deployment/fortioclient --timeout=30s
for app in fortioserver fortioclient; do
  pod=$(kubectl -n apps get pods -l app=$app -o json | jq '.items[0]')
  equal "$app: first init container" smc-init "$(first_init <<< "$pod")"
  equal "$app: containers" captured,anolis "$(jq -r '[.spec.containers[].name] | join(",")' <<< "$pod")"
  matches "$app: node" '^node[12]$' "$(jq -r .spec.nodeName <<< "$pod")"
done
equal "nodes in use" 2 "$(kubectl -n apps get pods -o json | jq '[.items[].spec.nodeName] | unique | length')"

# a third pod of the pair's kind finds node3 empty, and must not take it
kubectl -n apps scale deployment/fortioclient --replicas=2
await 20 "the third pod is found unschedulable" bash -c "kubectl -n apps get pods -o json | jq -e '
  [.items[] | select(.spec.nodeName == null) | .status.conditions[]? | select(.reason == \"Unschedulable\")] | length == 1'"
kubectl label node node3 "$PREFIX/erdma=true"
kubectl -n apps rollout status deployment/fortioclient --timeout=30s
kubectl label node node3 "$PREFIX/erdma-"
kubectl -n apps scale deployment/fortioclient --replicas=1
