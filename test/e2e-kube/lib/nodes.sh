# shellcheck shell=bash
# The nodes: each a network namespace of its own on one bridge, with its pods behind it, and a Node object. kubelet.py
# runs in it with its own process numbers, as a machine would have.
#   10.245.0.1       the bridge's end in the control plane's namespace
#   10.245.0.(10+N)  node N
#   10.244.N.0/24    its pods
# The bridges have addresses of their own: else a bridge takes the lowest of its ports', so that it changes with a new
# port, and whoever knows the old one is sent redirects and loses packets for minutes.

# node_addresses N IP-COMMAND...: what a node has on the wire and its pods' bridge; `ip -n NAMESPACE` from outside it
node_addresses() {
  local n=$1
  shift
  "$@" link set lo up
  "$@" link set eth0 up
  "$@" address add "10.245.0.$((10 + n))/24" dev eth0
  "$@" link add pods address "02:00:0a:f4:00:0$n" type bridge
  "$@" address add "10.244.$n.1/24" dev pods
  "$@" link set pods up
}

node_network() { # N
  local n=$1 node=node$1
  ip netns add "$node"
  ip link add "$node" type veth peer name eth0 netns "$node"
  ip link set "$node" master nodes up
  node_addresses "$n" ip -n "$node"
  ip -n "$node" route add default via 10.245.0.1
  ip netns exec "$node" sysctl -q net.ipv4.ip_forward=1
  ip route add "10.244.$n.0/24" via "10.245.0.$((10 + n))"
}

node_object() { # N: and the certificate of its kubelet
  issue "node$1" "/O=system:nodes/CN=system:node:node$1" "subjectAltName=IP:10.245.0.$((10 + $1))"
  kubectl create -f - >/dev/null <<JSON
{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node$1",
  "labels": {"kubernetes.io/hostname": "node$1", "kubernetes.io/os": "linux", "kubernetes.io/arch": "$(dpkg --print-architecture)"}}}
JSON
  kubectl patch node "node$1" --type=merge -p '{"spec": {"taints": null}}' >/dev/null # no node controller here to do it
  kubectl patch node "node$1" --subresource=status --type=merge -p '{"status": {
    "addresses": [{"type": "InternalIP", "address": "10.245.0.'$((10 + $1))'"}, {"type": "Hostname", "address": "node'"$1"'"}],
    "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
    "allocatable": {"cpu": "64", "memory": "256Gi", "pods": "5000"}, "capacity": {"cpu": "64", "memory": "256Gi", "pods": "5000"},
    "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}]}}' >/dev/null
}

start_node() { # N
  local n=$1
  node_network "$n"
  node_object "$n"
  NODE_IP=10.245.0.$((10 + n)) NODE_PODS=10.244.$n nsenter "--net=/run/netns/node$n" \
    unshare --mount --pid --fork --kill-child --mount-proc \
    bash -c 'mount -t tmpfs tmpfs /run; exec /usr/bin/python3 "$@"' - "$HERE/kubelet.py" "node$n" \
    > "$E2E_DIR/logs/kubelet-node$n.log" 2>&1 &
}

# The wire between the nodes.
nodes_bridge() {
  ip link add nodes address 02:00:0a:f5:00:01 type bridge
  ip address add 10.245.0.1/24 dev nodes
  ip link set nodes up
  sysctl -q net.ipv4.ip_forward=1
}

start_nodes() { # COUNT
  local n
  nodes_bridge
  for ((n = 1; n <= $1; n++)); do
    start_node "$n"
  done
}
