# (g) Two nodes on one wire: this file runs on both, and they meet through files in /job.
# shellcheck shell=bash disable=SC2154 # variables of lib/

# Soft-RoCE sits on the bridge here, so that its packets reach the wire. The kernel of a server pod's node asks for
# a route whose source is the pod's address: that must be a local one. ARP for it stays with the pod.
wire_up() {
  modprobe -a rdma_rxe ib_uverbs veth bridge
  rdma system set netns shared
  bridge_up
  ip link set br0 address "02:00:00:00:01:0$node"
  ip link set eth0 master br0 up
  ip addr add "10.9.0.$node/16" dev br0
  ip route add local "10.9.$node.0/24" dev lo table local
  rdma link add "$device" type rxe netdev br0
  smc-look ueid-add "$eid"
  smc-look pnet-add "$pnetid" br0 "$device" 1
}

serving_node() {
  pod_up D
  set_up_pod D
  start server in_pod D smc-traffic server smc 5000
  eventually 60 grep -q listening /tmp/server.out
  touch /job/serving
  eventually 120 test -e /job/asked
  in_pod D smc-look sockets >/job/sockets.2
  touch /job/looked
  eventually 120 test -e /job/over
}

across() {
  eventually 120 test -e /job/serving
  local before after
  before=$(eth0_bytes A)
  hold A smc "$(pod_address D):5000" --stream --size 10000 --requests 500
  after=$(eth0_bytes A)
  touch /job/asked
  holds 'length == 1 and .[0].mode == "smcr"' connections A
  eventually 30 test -e /job/looked
  holds '[.[] | select(.state == 1)] | length == 1 and .[0].mode == "smcr"' cat /job/sockets.2
  [ $((after - before)) -lt 10000 ] || fail "$((after - before)) bytes on the pod's eth0"
  note "5 MB each way, $((after - before)) bytes on the pod's eth0"
}

wire_up
if [ "$node" = 2 ]; then
  row "the serving node" serving_node 200
else
  pod_up A
  set_up_pod A
  row "pod to pod across nodes" across 200
  touch /job/over
fi
