# shellcheck shell=bash
# The cluster's nodes, seen from the control plane: virtual machines as those of test/e2e-node, with the same wire and
# addresses, and SMC-R across it from the start. Inside runs ../machine.

# Kubelets that tell the truth: nodes that are silent are found NotReady, and their pods are evicted.
export NODE_CONTROLLERS=nodelifecycle,podgc

# What all machines share, and the wire between them.
prepare_nodes() {
  local program
  mkdir -p "$E2E_DIR"/{bin,lib,machines}
  "$ROOT/test/e2e-kernel/vm/copy-programs" "$E2E_DIR/bin" e2e-kernel/smc-{look,traffic,proxy} bin/smc-bench
  if [ -n "${ISTIO:-}" ]; then "$ROOT/test/istio/rules" "$E2E_DIR/istio"; fi
  for program in kubelet containerd ctr containerd-shim-runc-v2 runc; do
    if [ -x "$NODE_BIN/$program" ]; then cp "$NODE_BIN/$program" "$E2E_DIR/bin/"; fi
  done
  cp "$ROOT"/test/e2e-kernel/lib/{check,node}.sh "$HERE/lib/nodes.sh" "$ROOT"/test/e2e-node/lib/{asked,node_network}.sh \
    "$SELF/lib/node_runtime.sh" "$E2E_DIR/lib/"
  cp "$SELF/machine" "$E2E_DIR/run"
  declare -p E2E_DIR API_HOST API_PORT REGISTRY REGISTRY_USER REGISTRY_PASSWORD DEVICE > "$E2E_DIR/machines/environment"
  nodes_bridge
}

# Its kubelet's credentials are those of a node, not an administrator's.
start_kubelet_machine() { # N
  local n=$1 node=node$1 pki=$E2E_DIR/pki/node$1
  mkdir "$E2E_DIR/machines/$node"
  issue "$node" "/O=system:nodes/CN=system:node:$node" "extendedKeyUsage=clientAuth,serverAuth
subjectAltName=IP:10.245.0.$((10 + n)),DNS:$node"
  kubeconfig "$(jq -n --arg pki "$pki" '{"client-certificate": ($pki + ".crt"), "client-key": ($pki + ".key")}')" \
    > "$E2E_DIR/machines/$node/kubeconfig"
  machine_wire "$n"
  start_again "$n"
}

start_again() { # N
  MEMORY=1536 boot_machine "$1" &
  disown
}

node_ready() { # NODE
  kubectl get node "$1" -o json | jq -e 'any(.status.conditions[]; .type == "Ready" and .status == "True")'
}

await_node() { # NODE
  await 300 "$1 is Ready or its machine has ended" ready_or_down "$1"
  node_ready "$1" >/dev/null || fail "the machine of $1 has ended: $(tail -3 "$E2E_DIR/logs/console-$1".*.log)"
}
ready_or_down() { # NODE
  [ -e "$E2E_DIR/machines/$1/down" ] || node_ready "$1"
}

# pull_secret NAMESPACE: its pods may pull from the registry
pull_secret() {
  kubectl -n "$1" create secret docker-registry registry --docker-server="$REGISTRY" \
    --docker-username="$REGISTRY_USER" --docker-password="$REGISTRY_PASSWORD"
  kubectl -n "$1" patch serviceaccount default -p '{"imagePullSecrets": [{"name": "registry"}]}'
}

address_of() { # NAMESPACE POD
  kubectl -n "$1" get pod "$2" -o jsonpath='{.status.podIP}'
}

# waiting_for NAMESPACE POD: why its first container does not run yet
waiting_for() {
  kubectl -n "$1" get pod "$2" -o json | jq -r '(.status.initContainerStatuses // .status.containerStatuses)[0].state.waiting.reason'
}

summary_of() { # NAMESPACE POD: what its init container said as its termination message
  kubectl -n "$1" get pod "$2" -o jsonpath='{.status.initContainerStatuses[0].state.terminated.message}'
}

export -f node_ready address_of waiting_for summary_of # for the commands of `await`
