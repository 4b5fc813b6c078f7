# Sourced in the test machine: a node with an RDMA device, and pods as a cluster lays them out. Left undone is what
# the programs under test are for: the node's UEID, both halves of the pnetid, the switch.
# shellcheck shell=bash disable=SC2034,SC2154 # variables for and of scenarios

# Two nodes have addresses of one network: node N is 10.9.0.N, its pods 10.9.N.x.
pod_address() {
  case $1 in
    A) echo 10.9.1.11 ;;
    B) echo 10.9.1.12 ;;
    C) echo 10.9.1.13 ;;
    D) echo 10.9.2.14 ;;
  esac
}

device=rxe0
eid=SMC-E2E
pnetid=E2ENET

# One node. Soft-RoCE sits on lo because it takes a packet to its own address only when the frame bears its device's
# own MAC, which an SMC-R v2 proposal within a node leaves zero, as lo's is.
node_up() {
  modprobe -a rdma_rxe ib_uverbs veth bridge
  rdma system set netns shared
  rdma link add $device type rxe netdev lo
  ip addr add 10.9.1.254/16 dev lo
  bridge_up
}

bridge_up() {
  ip link add br0 type bridge
  ip link set br0 up
  sysctl -qw net.ipv4.conf.br0.arp_ignore=1 # the pods' addresses are local to lo too: do not answer for them
}

# Takes everything back; with the device go all SMC link groups, so that the next scenario starts from nothing. What
# a scenario has not made need not be removed; what it has must go, or the boot ends here, unfinished.
node_down() {
  local pod
  for pod in A B C D; do pod_down $pod; done
  [ ! -e /sys/class/infiniband/$device ] || must rdma link del $device
  remove_link br0
  [ -z "$(ip -o addr show dev lo to 10.9.1.254)" ] || must ip addr del 10.9.1.254/16 dev lo
  forget_node
}

must() { "$@" || fail "$*"; }

remove_link() { [ ! -e "/sys/class/net/$1" ] || must ip link del "$1"; }

# The node's half of the set-up removed: UEIDs and pnetids of the first namespace.
forget_node() {
  local name
  for name in $(smc-look ueids | jq -r '.[]'); do must smc-look ueid-del "$name"; done
  forget_pnetids
}

# forget_pnetids [PREFIX...]: removes every pnetid of this namespace, or of the one that PREFIX runs a command in. One
# removal takes all entries of that name.
forget_pnetids() {
  local name
  for name in $("$@" smc-look pnets | jq -r 'map(.pnetid) | unique[]'); do must "$@" smc-look pnet-del "$name"; done
}

# pod_up LETTER: a namespace with eth0 on the bridge, as a CNI plug-in makes it.
pod_up() {
  local name=pod$1
  ip netns add "$name"
  ip link add "v$name" type veth peer name eth0 netns "$name"
  ip link set "v$name" master br0 up
  ip -n "$name" link set lo up
  ip -n "$name" addr add "$(pod_address "$1")/16" dev eth0
  ip -n "$name" link set eth0 up
  ip -n "$name" route add default via 10.9.0.1 onlink dev eth0
}

pod_down() {
  remove_link "vpod$1"
  [ ! -e "/run/netns/pod$1" ] || must ip netns del "pod$1"
}

# The pod's half of the set-up removed: its pnetids.
forget_pod() { forget_pnetids in_pod "$1"; }

# The kernel of this machine is mainline: no switch for programs' sockets, so the programs here ask for SMC.
asking=--programs=ask

# As in Debian's kernels, or else it is built in.
smc_is_module() { [ -e "$(modinfo -n smc)" ]; }

# kernel_is_at_least VERSION: for what the kernel cannot be asked.
kernel_is_at_least() { [ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -1)" = "$1" ]; }

# in_pod_shell LETTER FUNCTION: a function of the scenario, run in that pod as a whole: entering it once per command
# is what takes time in an emulated machine.
in_pod_shell() {
  in_pod "$1" bash -c "$(declare -p pnetid settings 2>/dev/null || true); $(declare -f); set -e; $2"
}

# set_up_node: what the agent does on a node, done by hand.
set_up_node() {
  smc-look ueid-add $eid
  smc-look pnet-add $pnetid - $device 1
}

# set_up_pod LETTER: the pod's half, done by hand.
set_up_pod() { in_pod "$1" smc-look pnet-add $pnetid eth0; }

# node_with_two_pods: all of it, by hand: for what comes after the set-up.
node_with_two_pods() {
  node_up
  pod_up A
  pod_up B
  set_up_node
  set_up_pod A
  set_up_pod B
}

# serve LETTER KIND [PORT]: an echo server in that pod, listening when this returns.
serve() {
  start "server-$1-${3:-5000}" in_pod "$1" smc-traffic server "$2" "${3:-5000}"
  eventually 60 grep -q listening "/tmp/server-$1-${3:-5000}.out"
}

# ask LETTER KIND ADDRESS:PORT [FLAG]...: the client's result as JSON.
ask() {
  local pod=$1
  shift
  in_pod "$pod" smc-traffic client "$@"
}

# hold LETTER KIND ADDRESS:PORT [FLAG]...: a client whose connections stay open until the row ends.
hold() {
  local pod=$1
  shift
  start "client-$pod" in_pod "$pod" smc-traffic client "$@" --hold
  eventually 100 grep -q connections "/tmp/client-$pod.out"
  jq -e '.lost == 0 and .error == ""' "/tmp/client-$pod.out" >/dev/null || fail "$(cat "/tmp/client-$pod.out")"
}

# connections LETTER [FILTER]: that pod's established SMC sockets.
connections() { in_pod "$1" smc-look sockets | jq -c "[.[] | select(.state == 1 ${2:+and $2})]"; }

# status_agrees LETTER: `status` tells the established sockets and the fallback counts that smc-look tells.
status_agrees() {
  in_pod "$1" smc-node-init status --json >/tmp/status
  equal "$(jq -c '[.sockets[] | select(.state == "ACTIVE") |
      {local, peer, mode: {"SMC-R": "smcr", "TCP": "tcp"}[.mode], reason: ((.reason // "0x00000000") | .[2:])}] | sort' /tmp/status)" \
    "$(connections "$1" | jq -c 'map({local, peer, mode, reason}) | sort')" "status' sockets"
  equal "$(jq -c '[.fallbacks.reasons[] | {side, code: .code[2:], count}] | sort' /tmp/status)" \
    "$(in_pod "$1" smc-look fallbacks | jq -c sort)" "status' fallbacks"
}

# check_says EXIT NAME VERDICT: `check` in pod A exits so, gives that line that verdict, and each bad line a hint.
check_says() {
  exits "$1" in_pod A smc-node-init check "$asking" --json
  jq -e --arg name "$2" --arg verdict "$3" '.checks[] | select(.name == $name) | .verdict == $verdict' \
    <<<"$output" >/dev/null || fail "check says otherwise of $2"
  jq -e 'all(.checks[]; .verdict == "PASS" or (.hint | length > 0))' <<<"$output" >/dev/null || fail "a line lacks its hint"
}

# What went over that pod's wire, both ways together.
eth0_bytes() {
  local counters
  counters=$(in_pod "$1" sh -c 'cat /sys/class/net/eth0/statistics/rx_bytes /sys/class/net/eth0/statistics/tx_bytes')
  echo $((${counters/$'\n'/ + }))
}
