# Helm installs the chart with its defaults, two webhook pods get ready with a CA of their own
namespace "$NAMESPACE"
namespace apps
kubectl label namespace kube-system kubernetes.io/metadata.name=kube-system
for n in 1 2; do kubectl label node "node$n" "$PREFIX/erdma=true"; done

helm install "$RELEASE" "$CHART" -n "$NAMESPACE" --wait --timeout 60s --set agent.enabled=false
await 10 "two webhook pods are in the Service's EndpointSlices" two_addresses

# ready is for the kubelet; the API server has to hear of the endpoints as well
annotated_pod > "$SCENARIO_DIR/pod.json"
await 10 "the API server asks the webhook" bash -c "kubectl create --dry-run=server -o json -n apps -f '$SCENARIO_DIR/pod.json' |
  jq -e '.spec.initContainers[0].name == \"smc-init\"'"
