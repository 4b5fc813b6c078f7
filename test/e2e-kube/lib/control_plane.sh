# shellcheck shell=bash
# The control plane: etcd, kube-apiserver, kube-scheduler, kube-controller-manager, as a cluster has them, in the
# private network namespace that `run` has made: addresses and ports are fixed, since nobody else can be there.
#   $E2E_DIR/pki            the cluster's CA, the API server's certificate, the service account key, the admin's certificate
#   $E2E_DIR/admin.json     the administrator's kubeconfig
#   $E2E_DIR/logs/          one log a program; audit.log: the API server's audit log

# It is Kubernetes 1.20 of build-control-plane, or what KUBE_BIN names. What differs from version to version is asked of
# the programs and of the server, here and in the scenarios.

export API_HOST=10.96.0.1 API_PORT=443 # the "kubernetes" service's address: here the API server has it itself
ETCD=http://127.0.0.1:2379

# offers PROGRAM TEXT: its help knows that option, feature gate or controller
offers() {
  local help
  help=$("$CONTROL_PLANE/$1" --help)
  [[ $help == *"$2"* ]]
}

issue() { # NAME SUBJECT EXTENSIONS: a certificate by the cluster's CA
  local pki=$E2E_DIR/pki
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "$2" -keyout "$pki/$1.key" 2>/dev/null |
    openssl x509 -req -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -days 365 -extfile <(echo "$3") -out "$pki/$1.crt" 2>/dev/null
}

make_pki() {
  local pki=$E2E_DIR/pki
  mkdir -p "$pki"
  openssl req -x509 -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 -subj /CN=e2e-cluster \
    -addext keyUsage=critical,keyCertSign -keyout "$pki/ca.key" -out "$pki/ca.crt" 2>/dev/null
  issue apiserver /CN=kube-apiserver "subjectAltName=IP:$API_HOST,IP:127.0.0.1,DNS:kubernetes.default.svc,DNS:localhost"
  issue admin /O=system:masters/CN=admin extendedKeyUsage=clientAuth
  issue kubelet-client /CN=kube-apiserver extendedKeyUsage=clientAuth
  openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$pki/service-account.key" 2>/dev/null
}

kubeconfig() { # USER-JSON: a kubeconfig of that user
  jq -n --argjson user "$1" --arg server "https://$API_HOST:$API_PORT" --arg ca "$(base64 -w0 "$E2E_DIR/pki/ca.crt")" '{
    apiVersion: "v1", kind: "Config", "current-context": "e2e",
    clusters: [{name: "e2e", cluster: {server: $server, "certificate-authority-data": $ca}}],
    users: [{name: "e2e", user: $user}],
    contexts: [{name: "e2e", context: {cluster: "e2e", user: "e2e"}}]}'
}

start_etcd() {
  etcd --data-dir "$E2E_DIR/etcd" --unsafe-no-fsync --listen-client-urls $ETCD --advertise-client-urls $ETCD \
    --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
    --initial-cluster default=http://127.0.0.1:2380 > "$E2E_DIR/logs/etcd.log" 2>&1 &
}

# All requests are on the audit log, with the annotations of our webhook, who asked for what, and whether it is deprecated.
# --enable-aggregator-routing: the API server goes to a service's endpoints itself, so no kube-proxy is needed.
# BoundServiceAccountTokenVolume, while there is that gate: pods get their tokens as they do since Kubernetes 1.21.
# API_SERVER_OPTIONS: more options of a test's own.
start_api_server() {
  cat > "$E2E_DIR/audit.yaml" <<YAML
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, nonResourceURLs: ["*"]}
- {level: Metadata}
YAML
  # shellcheck disable=SC2086 # options
  api_server kube-apiserver $API_PORT /registry --audit-policy-file="$E2E_DIR/audit.yaml" \
    --audit-log-path="$E2E_DIR/logs/audit.log" ${API_SERVER_OPTIONS:-}
}

# A second cluster's API server, as the managed service keeps the mesh's resources on one of their own.
MESH_PORT=6444
start_mesh_api_server() {
  api_server mesh-apiserver $MESH_PORT /mesh
}

api_server() { # NAME PORT ETCD-PREFIX OPTION...
  local pki=$E2E_DIR/pki name=$1 port=$2 prefix=$3
  shift 3
  if offers kube-apiserver BoundServiceAccountTokenVolume; then set -- --feature-gates=BoundServiceAccountTokenVolume=true "$@"; fi
  "$CONTROL_PLANE/kube-apiserver" --etcd-servers=$ETCD --etcd-prefix="$prefix" --bind-address=0.0.0.0 --secure-port="$port" \
    --advertise-address=$API_HOST --endpoint-reconciler-type=none --service-cluster-ip-range=10.96.0.0/16 \
    --kubelet-certificate-authority="$pki/ca.crt" --kubelet-client-certificate="$pki/kubelet-client.crt" \
    --kubelet-client-key="$pki/kubelet-client.key" --kubelet-preferred-address-types=InternalIP \
    --client-ca-file="$pki/ca.crt" --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" \
    --cert-dir="$pki" --service-account-key-file="$pki/service-account.key" \
    --service-account-signing-key-file="$pki/service-account.key" \
    --service-account-issuer=https://kubernetes.default.svc --api-audiences=https://kubernetes.default.svc \
    --authorization-mode=Node,RBAC --allow-privileged=true --enable-aggregator-routing=true \
    --profiling=false "$@" >> "$E2E_DIR/logs/$name.log" 2>&1 &
  echo $! > "$E2E_DIR/$name.pid"
  disown # nobody is to be told of its end
}

await_api_server() { # PORT
  await 60 "the API server at port $1 is ready" \
    curl -sf --cacert "$E2E_DIR/pki/ca.crt" --cert "$E2E_DIR/pki/admin.crt" --key "$E2E_DIR/pki/admin.key" \
    -o /dev/null "https://$API_HOST:$1/readyz"
}

# nodelifecycle only where NODE_CONTROLLERS says so: it would mark the nodes of played kubelets NotReady, since they send
# no heartbeats.
start_controllers() {
  local controllers=deployment,replicaset,daemonset,statefulset,job,namespace,serviceaccount
  controllers+=,garbagecollector,endpoint,endpointslice,disruption,root-ca-cert-publisher,resourcequota
  controllers+=${NODE_CONTROLLERS:+,$NODE_CONTROLLERS}
  # says what is wrong with the expressions of a ValidatingAdmissionPolicy
  if offers kube-controller-manager validatingadmissionpolicy-status-controller; then
    controllers+=,validatingadmissionpolicy-status-controller
  fi
  control_plane_program kube-controller-manager 10257 --cert-dir="$E2E_DIR/pki/controllers" --root-ca-file="$E2E_DIR/pki/ca.crt" \
    --service-account-private-key-file="$E2E_DIR/pki/service-account.key" --concurrent-deployment-syncs=10 \
    --controllers="$controllers"
}

start_scheduler() {
  control_plane_program kube-scheduler 10259 --cert-dir="$E2E_DIR/pki/scheduler"
}

control_plane_program() { # NAME PORT OPTION...
  local name=$1 port=$2
  shift 2
  # old ones serve without TLS as well unless told not to
  if offers "$name" " --port "; then set -- --port=0 "$@"; fi
  "$CONTROL_PLANE/$name" --kubeconfig="$KUBECONFIG" --leader-elect=false --secure-port="$port" "$@" > "$E2E_DIR/logs/$name.log" 2>&1 &
}

start_control_plane() {
  make_pki
  ip address add $API_HOST/32 dev lo
  kubeconfig "$(jq -n --arg pki "$E2E_DIR/pki" '{"client-certificate": ($pki + "/admin.crt"), "client-key": ($pki + "/admin.key")}')" \
    > "$E2E_DIR/admin.json"
  jq ".clusters[].cluster.server = \"https://$API_HOST:$MESH_PORT\"" "$E2E_DIR/admin.json" > "$E2E_DIR/mesh-admin.json"
  export KUBECONFIG=$E2E_DIR/admin.json
  start_etcd
  start_api_server
  await_api_server $API_PORT
  start_controllers
  start_scheduler
  await 30 "the default service account exists" kubectl -n default get serviceaccount default
}

# It is gone at once: connections break, the port is closed. Start it again with its start_ function.
stop_api_server() { # NAME
  local pid
  pid=$(cat "$E2E_DIR/$1.pid")
  kill -9 "$pid"
  await 5 "$1 is gone" bash -c "! kill -0 $pid"
}
