# the mesh switch is followed in this cluster and on the mesh's own API server, and stays when the watch is lost
CRD=$HERE/manifests/asmmeshconfig.yaml
mesh() { # KUBECTL-ARGUMENT...: on the mesh's own API server
  kubectl --kubeconfig "$E2E_DIR/mesh-admin.json" "$@"
}
since() { # SECONDS-OF-EPOCH
  jq -n "$EPOCHREALTIME - $1"
}
are() { # 0|1: both webhook pods have the switch so
  [ "$(switches)" = "$1 $1 " ]
}
# both 0|1: they do, within 2 s of now
both() {
  local begun=$EPOCHREALTIME
  until are "$1"; do
    jq -en "$(since "$begun") < 2" >/dev/null || fail "after 2 s the switch is not $1 in both webhook pods"
    sleep 0.02
  done
  since "$begun" >> "$SCENARIO_DIR/seconds"
}
switches() { # what both webhook pods have, straight from them: kubectl would take its time
  # shellcheck disable=SC2046 # one word an address
  curl -sf $(sed -E 's#[0-9.]+#http://&:8080/metrics#g' <<< "$ADDRESSES") | awk '$1 == "smc_webhook_mesh_smc_enabled" {printf "%s ", $2}'
}
# switch true|false KUBECTL: sets the field, by that kubectl; both webhook pods follow
switch() {
  "$2" patch asmmeshconfig default --type=merge -p "{\"spec\": {\"smcEnabled\": $1}}"
  both "$([ "$1" = true ] && echo 1 || echo 0)"
}
object() { # true|false
  jq -n "{apiVersion: \"istio.alibabacloud.com/v1beta1\", kind: \"ASMMeshConfig\", metadata: {name: \"default\"},
    spec: {smcEnabled: $1, ambientConfiguration: {enabled: true}, cniConfiguration: {repair: {enabled: true}}}}"
}
# create_object true|false KUBECTL: an API server answers 429, "storage is (re)initializing", for a moment after its kind is made
create_object() {
  object "$1" > "$SCENARIO_DIR/object.json"
  await 20 "the object is made" "$2" apply -f "$SCENARIO_DIR/object.json"
}
watches() { # COUNT
  [ "$(metric smc_webhook_api_up mesh_switch)" = "$1" ]
}
readyz() { # the answers of both webhook pods; fails where one is not ready
  # shellcheck disable=SC2046 # one word an address
  curl -sf $(webhook_addresses | sed -E 's#[0-9.]+#http://&:8080/readyz#g')
}
says() { # TEXT COUNT: that many webhook pods have it in /readyz, and both are ready
  readyz > "$SCENARIO_DIR/readyz" && [ "$(grep -c "$1" "$SCENARIO_DIR/readyz")" = "$2" ]
}
pods() {
  kubectl -n "$NAMESPACE" get pods -l app.kubernetes.io/component=webhook -o name | sort
}
first_of_a_pod() {
  dry_run "$SCENARIO_DIR/pod.json" -n apps 2> "$SCENARIO_DIR/stderr" | first_init
}
ADDRESSES=$(webhook_addresses)
annotated_pod > "$SCENARIO_DIR/pod.json"
before=$(pods)

# in this cluster; the kind is installed later
equal "decided by the configuration" 2 "$(metric smc_webhook_mesh_source 'source="configuration"')"
equal "watches" 2 "$(metric smc_webhook_api_up mesh_switch)"
kubectl apply -f "$CRD"
kubectl wait --for=condition=established --timeout=20s crd/asmmeshconfigs.istio.alibabacloud.com
create_object false kubectl
await 150 "both webhook pods have found the kind, for which they ask every two minutes" are 0
equal "first init container with the switch off" none "$(first_of_a_pod)"
matches "warning" "mesh_disabled" "$(cat "$SCENARIO_DIR/stderr")"
equal "a field that the test's CRD does not know" true \
  "$(kubectl get asmmeshconfig default -o json | jq .spec.cniConfiguration.repair.enabled)"
switch true kubectl
equal "first init container with the switch on" smc-init "$(first_of_a_pod)"
switch false kubectl
kubectl delete asmmeshconfig default # the configuration says on
both 1
equal "decided by the configuration again" 2 "$(metric smc_webhook_mesh_source 'source="configuration"')"
equal "webhook pods" "$before" "$(pods)"
kubectl delete -f "$CRD"

# on the mesh's own API server, with no more than the rights that are needed
start_mesh_api_server
await_api_server "$MESH_PORT"
mesh apply -f "$CRD"
mesh wait --for=condition=established --timeout=20s crd/asmmeshconfigs.istio.alibabacloud.com
create_object false mesh
await 20 "the mesh has its default namespace" mesh get namespace default
mesh -n default create serviceaccount smc
mesh create clusterrole smc --verb=list,watch --resource=asmmeshconfigs.istio.alibabacloud.com --resource-name=default
mesh create clusterrolebinding smc --clusterrole=smc --serviceaccount=default:smc
kubeconfig "$(jq -n --arg token "$(mesh -n default create token smc)" '{$token}')" |
  jq ".clusters[].cluster.server = \"https://$API_HOST:$MESH_PORT\"" > "$SCENARIO_DIR/kubeconfig"
secret() { # FILE
  kubectl -n "$NAMESPACE" create secret generic mesh --from-file="kubeconfig=$1" --dry-run=client -o yaml | kubectl apply -f -
}
secret "$SCENARIO_DIR/kubeconfig"
upgrade() { # SECRET
  helm upgrade "$RELEASE" "$CHART" -n "$NAMESPACE" --reuse-values --wait --timeout 60s --set mesh.kubeconfigSecret.name="$1" >/dev/null
  await 30 "the old pods, which go on answering for a while, are gone" two
  ADDRESSES=$(webhook_addresses)
}
two() {
  [ "$(kubectl -n "$NAMESPACE" get pods -l app.kubernetes.io/component=webhook -o name | wc -l)" = 2 ]
}
trap 'upgrade ""' EXIT # the scenarios behind need the switch as it was
upgrade mesh
both 0
equal "first init container with the mesh's switch off" none "$(first_of_a_pod)"
switch true mesh
switch false mesh

# the watch is lost: the last value stays, and each webhook pod says so and stays ready
stop_api_server mesh-apiserver
await 20 "both webhook pods say so" says 'notice: mesh-switch: the watch is lost, the last known value (off) stays' 2
equal "watches" 0 "$(metric smc_webhook_api_up mesh_switch)"
equal "decided by the last value" 0 "$(metric smc_webhook_mesh_smc_enabled)"
equal "first init container meanwhile" none "$(first_of_a_pod)"
start_mesh_api_server
await_api_server "$MESH_PORT"
await 10 "both watches are back" watches 2
await 2 "no notice is left" says notice 0
switch true mesh

# the Secret goes bad, which changes nothing but what is said; then it is good again
echo malformed > "$SCENARIO_DIR/malformed"
secret "$SCENARIO_DIR/malformed"
await 20 "both webhook pods say so" says 'notice: mesh-kubeconfig: not used as it is now' 2
switch false mesh
secret "$SCENARIO_DIR/kubeconfig"
await 20 "no notice is left" says notice 0
switch true mesh

trap - EXIT
upgrade ""
both 1
kubectl -n "$NAMESPACE" delete secret mesh
kill "$(cat "$E2E_DIR/mesh-apiserver.pid")"
figure "$(wc -l < "$SCENARIO_DIR/seconds") changes, the slowest after $(sort -n "$SCENARIO_DIR/seconds" | tail -1 | cut -c1-5) s"
