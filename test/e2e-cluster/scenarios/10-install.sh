# helm install from a registry: webhook and agents ready, both nodes labelled, the images pulled with a Secret
for name in "$NAMESPACE" apps strict; do
  namespace $name
  pull_secret $name
done
kubectl label namespace kube-system kubernetes.io/metadata.name=kube-system
kubectl label namespace strict pod-security.kubernetes.io/enforce=restricted
for node in node1 node2; do
  matches "$node's runtime" '^containerd://' "$(kubectl get node $node -o jsonpath='{.status.nodeInfo.containerRuntimeVersion}')"
done

started=$SECONDS
helm install "$RELEASE" "$CHART" -n "$NAMESPACE" --wait --timeout 300s --set "imageRegistry=$REGISTRY" \
  --set 'imagePullSecrets[0].name=registry' --set 'initContainer.imagePullSecrets={registry}' \
  --set agent.ueid="$UEID" --set "agent.extraArgs={--pnetid=$PNETID}"
for node in node1 node2; do await 120 "$node has its label" labelled $node; done
figure "both nodes labelled $((SECONDS - started)) s after helm install began"

pods=$(kubectl -n "$NAMESPACE" get pods -o json)
equal "images" "$REGISTRY/smc-node-agent $REGISTRY/smc-webhook" \
  "$(jq -r '[.items[].spec.containers[].image | sub(":[^:/]*$"; "")] | unique | join(" ")' <<< "$pods")"
equal "agents" "node1 node2" "$(jq -r '[.items[] | select(.metadata.labels["app.kubernetes.io/component"] == "agent") | .spec.nodeName] | sort | join(" ")' <<< "$pods")"
for node in node1 node2; do
  equal "UEIDs of $node's kernel" "[\"$UEID\"]" "$(on_node $node smc-look ueids)"
  on_node $node test -e /sys/fs/bpf/smc-node-agent || fail "$node has no BPF switch"
  matches "words of $node" "^ready; programs: the agent's BPF switch" "$(words_of $node)"
done
helm test "$RELEASE" -n "$NAMESPACE" --timeout 120s

# Whoever has no Secret pulls nothing from this registry.
namespace secretless
kubectl -n secretless run refused --image="$REGISTRY/busybox:1" --restart=Never
await 60 "the registry has refused a pod without a Secret" bash -c '[[ "$(waiting_for secretless refused)" =~ ^(ErrImagePull|ImagePullBackOff)$ ]]'
matches "the reason" 'authorization|no basic auth|unauthorized|401' "$(kubectl -n secretless describe pod refused)"
kubectl delete namespace secretless --wait=false
