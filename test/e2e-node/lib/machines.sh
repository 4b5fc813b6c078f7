# shellcheck shell=bash
# Nodes that are virtual machines of test/e2e-kernel: each on the cluster's private bridge by a tap device, where it
# finds the API server at the address of the "kubernetes" service. Addresses are as in test/e2e-kube/lib/nodes.sh.
# Inside runs ../machine.

export DEVICE=rxe0 PNETID=E2ENET UEID=SMC-E2E

# What all machines share: the cluster's folder, with their programs.
prepare_machines() {
  local kernel=$ROOT/test/e2e-kernel
  mkdir -p "$E2E_DIR"/{bin,lib,kubelet,machines}
  "$kernel/vm/copy-programs" "$E2E_DIR/bin" bin/smc-{webhook,node-init,node-agent,bench} e2e-kernel/smc-{look,traffic}
  cp "$HERE/played_fortio" "$E2E_DIR/bin/fortio"
  cp "$kernel"/lib/{check,node}.sh "$HERE/lib/nodes.sh" "$SELF"/lib/{asked,node_network}.sh "$E2E_DIR/lib/"
  cp "$HERE"/{kubelet,kubelet_logs,kubepod,kubeapi}.py "$HERE/container" "$E2E_DIR/kubelet/"
  cp "$SELF/machine" "$E2E_DIR/run"
  PROGRAMS=$(jq -nc --arg bin "$E2E_DIR/bin/" '["smc-webhook", "smc-node-init", "smc-node-agent", "smc-bench", "smc-traffic"]
    | map({key: ., value: {file: ($bin + .), path: ("/" + .)}}) | from_entries
    | .fortio = {file: ($bin + "fortio"), path: "/fortio", also: [.["smc-bench"]]}')
  export PROGRAMS
  declare -p E2E_DIR PROGRAMS API_HOST API_PORT DEVICE > "$E2E_DIR/machines/environment"
}

start_machine() { # N
  local n=$1 node=node$1
  mkdir "$E2E_DIR/machines/$node"
  machine_wire "$n"
  node_object "$n"
  boot_machine "$n" &
}

machine_wire() { # N
  local n=$1 node=node$1
  ip tuntap add "$node" mode tap
  ip link set "$node" master nodes up
  ip link set "$node" type bridge_slave hairpin on # rdma_across: a machine's frames to itself come back
  ip route add "10.244.$n.0/24" via "10.245.0.$((10 + n))"
}

# Under software emulation a kernel may crash in its first seconds (test/e2e-kernel/run): then once more. The machine
# ends with the cluster. Its own limit is for a cluster that nobody ends: a slow machine takes more than an hour for all
# scenarios of e2e-cluster. That it has ended is said, since the cluster knows no more than that a node is not ready.
boot_machine() { # N
  local node=node$1 try limit=$((4 * 3600))
  for try in 1 2; do
    NIC="tap,model=virtio-net-pci,mac=02:00:00:00:00:0$1,ifname=$node,script=no,downscript=no" \
      "$ROOT/test/e2e-kernel/vm/run" "$MACHINE" "$E2E_DIR" $limit > "$E2E_DIR/logs/console-$node.$try.log" 2>&1 || true
    [ ! -e "$E2E_DIR/machines/$node/up" ] || break
  done
  touch "$E2E_DIR/machines/$node/down"
  echo "$node's machine has ended: $(tail -n 1 "$E2E_DIR/logs/console-$node.$try.log")"
}

# on_node NODE COMMAND...: in that machine as root, with the functions of ../machine; its output and its exit status
on_node() {
  local dir=$E2E_DIR/machines/$1 ask status
  shift
  ask=$(mktemp "$dir/XXXXXX")
  printf '%q ' "$@" > "$ask"
  mv "$ask" "$ask.sh"
  until [ -e "$ask.status" ]; do
    [ ! -e "$dir/down" ] || { echo "the machine is down: $dir"; return 1; } >&2
    sleep 0.05
  done
  cat "$ask.out"
  cat "$ask.err" >&2
  status=$(< "$ask.status")
  rm -f "$ask".*
  return "$status"
}

uid_of() { # NAMESPACE POD
  kubectl -n "$1" get pod "$2" -o jsonpath='{.metadata.uid}'
}

unschedulable() { # NAMESPACE POD
  kubectl -n "$1" get pod "$2" -o json |
    jq -e '.spec.nodeName == null and any(.status.conditions[]?; .reason == "Unschedulable")' >/dev/null
}

# traffic_pod NAME ARGUMENTS [JQ-FILTER]: an annotated pod of smc-traffic, with its arguments as a JSON list. As process 1
# of its container it does not hear SIGTERM. The pod says that its program asks for SMC.
traffic_pod() {
  annotated_pod ".metadata.name = \"$1\" | .metadata.annotations[\"$PREFIX/programs\"] = \"ask\" | .spec.restartPolicy = \"Never\" | .spec.terminationGracePeriodSeconds = 1 | ${3:-.} | .spec.containers[0] |=
    (.image = \"example.test/smc-traffic:1\" | .args = $2 | .securityContext.capabilities.drop = [\"ALL\"])" |
    kubectl -n "${TRAFFIC_NAMESPACE:-apps}" create -f -
}

# verified NAMESPACE POD: its init container has said so, with its own test over SMC-R
verified() {
  local status
  status=$(kubectl -n "$1" get pod "$2" -o json | jq -c '.status.initContainerStatuses[0]')
  equal "$2: end of its init container" "smc-init 0" "$(jq -r '"\(.name) \(.state.terminated.exitCode)"' <<< "$status")"
  equal "$2: its words" "verified SMC-R $PNETID" "$(jq -r '.state.terminated.message | fromjson |
    "\(.result) \(.selfTest.mode) \(.pnetid)"' <<< "$status")"
}

# smc_sockets NODE POD-UID: how many established SMC sockets of each mode, as {"smcr": 1}
smc_sockets() {
  on_node "$1" connections "$2" | jq -c 'group_by(.mode) | map({key: .[0].mode, value: length}) | from_entries'
}

# metric_of NODE NAME POD-UID LABELS VALUE: its agent shows that sample of the pod
metric_of() {
  local metrics
  metrics=$(agent_metrics "$1") && grep -F "$2{" <<< "$metrics" | grep -F "\"$3\"" | grep -F -- "$4" | grep -q "} $5\$"
}

device_goes() { on_node "$1" rdma link del "$DEVICE"; } # NODE
device_comes() { on_node "$1" rdma link add "$DEVICE" type rxe netdev lo; } # NODE

export -f on_node uid_of unschedulable metric_of # for the commands of `await`
