# (e) What the agent's metrics say of each pod is what the kernel's tables in that pod say.
# shellcheck shell=bash disable=SC2154,SC2016 # variables of lib/ and of jq

node_with_two_pods
pod_up C # without a pnetid: its connections fall back

declare -A uids=(
  [A]=0c6d2e14-7a51-4d0c-9f1e-1a2b3c4d5e0a
  [B]=0c6d2e14-7a51-4d0c-9f1e-1a2b3c4d5e0b
  [C]=0c6d2e14-7a51-4d0c-9f1e-1a2b3c4d5e0c
)
container=$(printf '%064x' 1) # a container's ID, as containerd makes them

# The control groups of a pod with the two drivers of the kubelet; the third as a static pod has it.
cgroup_of() {
  local uid=${uids[$1]}
  case $1 in
    A) echo "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid//-/_}.slice/cri-containerd-$container.scope" ;;
    B) echo "kubepods/burstable/pod$uid/$container" ;;
    C) echo "kubepods.slice/kubepods-pod${uid//-/_}.slice/crio-$container.scope" ;;
  esac
}

# Sorted lists of what is counted, each entry with its pod: of the agent, and of the kernel in the same form.
agent_counts() {
  metrics | jq -c '[.[] | select(.name == "smc_node_'"$1"'" and .scope == "pod") | '"$2"' + {uid: .pod_uid, count: .value}] | sort'
}
kernel_counts() {
  local pod
  for pod in A B C; do
    in_pod $pod smc-look "$1" | jq --arg uid "${uids[$pod]}" --arg address "$(pod_address $pod)" "$2"
  done | jq -cs 'sort'
}

agent_fallbacks() { agent_counts fallbacks_total '{side, code}'; }
kernel_fallbacks() { kernel_counts fallbacks '.[] | {side, code, uid: $uid, count}'; }

agent_handshakes() { agent_counts connections_total '{side, version}'; }
kernel_handshakes() { kernel_counts handshakes '.[] | {side, version, uid: $uid, count}'; }

agent_bytes() { agent_counts smcr_bytes_total '{direction}'; }
kernel_bytes() { kernel_counts bytes '.[] | {direction, uid: $uid, count}'; }

# Local are the hops to an address of the pod's own.
agent_sockets() { agent_counts sockets '{mode, hop}'; }
kernel_sockets() {
  kernel_counts sockets '[.[] | select(.state == 1) |
    {mode, hop: (if .peer | startswith($address + ":") then "local" else "remote" end)}] |
    group_by(.) | .[] | .[0] + {uid: $uid, count: length}'
}

# agree TABLE: the two are equal now. Under `eventually`: the agent looks once a second.
agree() { [ "$("agent_$1")" = "$("kernel_$1")" ]; }

# counts_are TABLE FILTER: both say so, and nothing else.
counts_are() {
  eventually 20 agree "$1"
  "kernel_$1"
  holds "map(del(.uid) + {pod: .uid[-1:]}) == ($2 | sort)" "kernel_$1"
}

# Three of C, which has no pnetid, to B; two of A to a server without SMC.
fallbacks_under_their_pod() {
  agent_up 1
  serve B smc
  serve B tcp 5001
  hold C smc "$(pod_address B):5000" --connections 3
  hold A smc "$(pod_address B):5001" --connections 2
  counts_are fallbacks '[{side: "client", code: "03030000", pod: "c", count: 3},
    {side: "server", code: "05000000", pod: "b", count: 3}, {side: "client", code: "03010000", pod: "a", count: 2}]'
  metrics_say 'any(.name == "smc_node_fallbacks_total" and .code == "03030000" and .reason == "no_device")'
}

sockets_by_mode_and_hop() {
  agent_up 1
  serve B smc
  serve A smc 5001
  hold A smc "$(pod_address B):5000" --connections 2
  start own in_pod A smc-traffic client smc "$(pod_address A):5001" --hold
  hold C smc "$(pod_address B):5000"
  eventually 20 grep -q connections /tmp/own.out
  counts_are sockets '[{mode: "smcr", hop: "remote", pod: "a", count: 2}, {mode: "smcr", hop: "remote", pod: "b", count: 2},
    {mode: "tcp", hop: "local", pod: "a", count: 2}, {mode: "tcp", hop: "remote", pod: "b", count: 1},
    {mode: "tcp", hop: "remote", pod: "c", count: 1}]'
  eventually 20 agree handshakes
  holds 'map(select(.version == "2")) | map("\(.side) \(.count)") | contains(["client 2", "server 2"])' agent_handshakes
}

# tcp_to PEER POD COUNT: so many sockets of that pod to other hosts are TCP, to peers of that kind.
tcp_to() {
  metrics_say 'map(select(.name == "smc_node_sockets" and .mode == "tcp" and .hop == "remote" and .peer == "'"$1"'" and
    .pod_uid == "'"${uids[$2]}"'").value) | add == '"$3"
}

# A's server has no SMC; C's has it, and C has no pnetid.
peers_without_smc() {
  agent_up 1
  serve B smc
  serve B tcp 5001
  hold A smc "$(pod_address B):5001" --connections 2
  hold C smc "$(pod_address B):5000"
  eventually 20 tcp_to no_smc A 2
  eventually 20 tcp_to smc C 1
}

bytes_by_smcr() {
  agent_up 1
  serve B smc
  hold A smc "$(pod_address B):5000"
  eventually 20 agree bytes
  holds 'map(select(.count > 0) | .uid[-1:]) | unique == ["a", "b"]' agent_bytes
}

# One that makes namespaces in a loop, and control groups with the name of another pod.
one_pod_takes_no_other_ones_place() {
  local own number forged
  own=/sys/fs/cgroup/$(cgroup_of A)
  forged=$own/kubepods/pod${uids[C]}/$container
  mkdir -p "$forged"
  for number in {1..30}; do
    start "space$number" unshare --net sleep 1000
    if ((number % 2)); then echo "$last_pid" >"$own/cgroup.procs"; else echo "$last_pid" >"$forged/cgroup.procs"; fi
  done
  agent_up 1
  eventually 20 metrics_say 'any(.name == "smc_node_pod_namespaces" and .state == "observed" and .value == 10)'
  metrics_say 'any(.name == "smc_node_pod_namespaces" and .state == "dropped" and .value == 23)'
  eventually 20 agree fallbacks
  note "8 of pod A's 31, 1 each of B and C"
  end_programs_but none
  eventually 10 rmdir "$forged"
  rmdir "$own/kubepods/pod${uids[C]}" "$own/kubepods"
}

# More processes of pod A, one of them in another container's control group.
several_processes_of_a_pod() {
  local other
  other=/sys/fs/cgroup/$(dirname "$(cgroup_of A)")/cri-containerd-$(printf '%064x' 2).scope
  mkdir "$other"
  start first in_pod A sleep 1000
  start second in_pod A sleep 1000
  echo "$last_pid" >"$other/cgroup.procs"
  agent_up 1
  metrics_say 'any(.name == "smc_node_pod_namespaces" and .state == "observed" and .value == 3)'
  counts_are fallbacks "$(kernel_fallbacks | jq -c 'map(del(.uid) + {pod: .uid[-1:]})')"
  metrics_say "map(select(.name == \"smc_node_fallbacks_total\" and .pod_uid == \"${uids[A]}\")) | length > 0"
  note "$(cat /proc/*/cgroup 2>/dev/null | grep -c "pod${uids[A]//-/_}") processes"
}

# Its series go with it, and a new pod's counters start from nothing.
a_pod_that_ends() {
  agent_up 1
  local of_c="map(select(.pod_uid == \"${uids[C]}\")) | length"
  metrics_say "$of_c > 0"
  containers_down C
  eventually 20 metrics_say "$of_c == 0"
  metrics_say 'any(.name == "smc_node_pod_namespaces" and .state == "observed" and .value == 2)'
}

for pod in A B C; do containers_up $pod "$(cgroup_of $pod)"; done
row "fallbacks are counted under the right pod, side and reason" fallbacks_under_their_pod
row "open sockets by mode, local hops apart from remote ones" sockets_by_mode_and_hop
row "a peer without SMC is told from one that declines" peers_without_smc
row "bytes by SMC-R are the kernel's" bytes_by_smcr
row "a pod with 31 namespaces and another's name takes nobody's place" one_pod_takes_no_other_ones_place
row "several processes of one pod are counted once" several_processes_of_a_pod
row "a pod that ends takes its series with it" a_pod_that_ends
for pod in A B; do containers_down $pod; done

node_down
