# fields that newer API servers know of a pod: decided on, and valid beside our container
# newer FIELD FILTER JQ-CONDITION: whether this API server keeps the field that the filter sets; else a line of the table
newer() {
  carries "$2" "$3" || {
    not_run "$1 through the API server" "this version drops the field; what is decided on it is asked of smc-webhook review"
    return 1
  }
}
containers_of() { # CODE: names of the init containers that the last pod so decided got
  jq -r '[.spec.initContainers[].name] | join(",")' "$SCENARIO_DIR/case-$1.json"
}
namespace newer
kubectl label namespace newer pod-security.kubernetes.io/enforce=baseline
trap 'kubectl delete namespace newer --wait=false' EXIT

# as root of its user namespace a privileged container is none of the node: one without privilege is all the same
filter='.spec.hostUsers = false'
if newer "spec.hostUsers: user_namespace" "$filter" '.spec | has("hostUsers")'; then
  decide user_namespace "hostUsers" yes apps "$filter"
  decide injected - yes newer "$filter"
else
  equal "hostUsers: false" user_namespace "$(review "$filter")"
  equal "hostUsers: false in mode agent" injected "$(review "$filter" agent)"
fi

filter='.spec.os.name = "windows"'
if newer "spec.os: windows" "$filter" '.spec.os.name == "windows"'; then
  decide windows "Linux" yes apps "$filter"
else
  equal "spec.os" windows "$(review "$filter")"
fi

# a sidecar that is an init container takes the pod's traffic from then on: the set-up comes before it
filter='.spec.initContainers = [{name: "istio-proxy", image: "example.test/proxy:1", restartPolicy: "Always",
  startupProbe: {tcpSocket: {port: 15021}}}, {name: "migrate", image: "example.test/migrate:1"}]'
if newer "initContainers[].restartPolicy: native sidecars" "$filter" '.spec.initContainers[0].restartPolicy == "Always"'; then
  decide injected - yes apps "$filter"
  equal "a native sidecar's place" smc-init,istio-proxy,migrate "$(containers_of injected)"
  equal "a native sidecar" true "$(jq '.spec.initContainers[1] | .restartPolicy == "Always" and has("startupProbe")' "$SCENARIO_DIR/case-injected.json")"
else
  equal "a native sidecar in front" injected "$(review "$filter")"
fi

# the pod's own resources bound those of all its containers: ours asks for what is left of them
amounts() { # CPU MEMORY
  echo ".spec.resources = ({cpu: \"$1\", memory: \"$2\"} | {requests: ., limits: .})"
}
given() { # what our container got, and the pod's class
  jq -r '[(.spec.initContainers[0].resources | .requests.cpu, .requests.memory, .limits.cpu, .limits.memory), .status.qosClass]
    | map(. // "-") | join(" ")' "$SCENARIO_DIR/case-injected.json"
}
if newer "spec.resources: pod-level resources" "$(amounts 1 1Gi)" '.spec | has("resources")'; then
  decide injected - yes apps "$(amounts 1 1Gi)"
  equal "resources beside large ones of the pod" "50m 32Mi 50m 32Mi Guaranteed" "$(given)"
  decide injected - yes apps "$(amounts 20m 16Mi)"
  equal "resources beside small ones of the pod" "0 0 - - Guaranteed" "$(given)"
else
  equal "pod-level resources" injected "$(review "$(amounts 20m 16Mi)")"
fi

filter='.spec.volumes = [{name: "model", image: {reference: "example.test/model:1", pullPolicy: "IfNotPresent"}}]
  | .spec.containers[0].volumeMounts = [{name: "model", mountPath: "/model"}]'
if newer "volumes[].image: image volumes" "$filter" '.spec.volumes[0] | has("image")'; then
  decide injected - yes apps "$filter"
  equal "mounts of our container but a token's" 0 \
    "$(jq '[.spec.initContainers[0].volumeMounts[]? | select(.name == "model")] | length' "$SCENARIO_DIR/case-injected.json")"
else
  equal "an image volume" injected "$(review "$filter")"
fi

# injected when it is created, and on a node with the label once the gate is lifted
filter='.spec.schedulingGates = [{name: "example.test/quota"}]'
if newer "spec.schedulingGates" "$filter" '.spec.schedulingGates | length == 1'; then
  annotated_pod "$filter | .metadata.name = \"gated\"" | kubectl -n apps create -f -
  await 10 "the gate holds the pod" bash -c "kubectl -n apps get pod gated -o json | jq -e '
    any(.status.conditions[]; .reason == \"SchedulingGated\")'"
  equal "the gated pod" smc-init "$(kubectl -n apps get pod gated -o json | first_init)"
  kubectl -n apps patch pod gated --type=json -p '[{"op": "remove", "path": "/spec/schedulingGates"}]'
  kubectl -n apps wait --for=condition=Ready pod/gated --timeout=20s
  matches "its node" '^node[12]$' "$(kubectl -n apps get pod gated -o jsonpath='{.spec.nodeName}')"
  kubectl -n apps delete pod gated
else
  equal "a gated pod" injected "$(review "$filter")"
fi

# a resize in place concerns the application's container; nobody asks us about it
resources_of() { # CONTAINER-EXPRESSION
  kubectl -n apps get pod resized -o json | jq -c "$1.resources.requests"
}
if kubectl get --raw /api/v1 | jq -e 'any(.resources[]; .name == "pods/resize")'; then
  annotated_pod '.metadata.name = "resized" | .spec.containers[0].resources = ({cpu: "100m", memory: "64Mi"} | {requests: ., limits: .})' |
    kubectl -n apps create -f -
  kubectl -n apps wait --for=condition=Ready pod/resized --timeout=20s
  asked=$(metric smc_webhook_reviews_total)
  kubectl -n apps patch pod resized --subresource=resize -p '{"spec": {"containers": [{"name": "app",
    "resources": {"requests": {"cpu": "200m"}, "limits": {"cpu": "200m"}}}]}}'
  equal "the application's container" '{"cpu":"200m","memory":"64Mi"}' "$(resources_of '.spec.containers[0]')"
  equal "ours" '{"cpu":"50m","memory":"32Mi"}' "$(resources_of '.spec.initContainers[0]')"
  equal "reviews" "$asked" "$(metric smc_webhook_reviews_total)"
  kubectl -n apps delete pod resized
else
  not_run "pods/resize: in-place resize" "this version has no such subresource"
fi
figure "$cases pods by dry run"
