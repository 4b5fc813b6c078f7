# (d) The node agent: what it sets up, adopts, repairs and takes back.
# shellcheck shell=bash disable=SC2154 # variables of lib/

node_up
pod_up A
own=("$asking" --ueid "$eid" --pnetid "$pnetid") # what this node shall have

once() { smc-node-agent run --once "$@"; }
without_agent() { smc-node-agent uninstall >/dev/null && forget_node; }

# rxe1 on an interface with a MAC, which lo has not.
second_device_up() {
  ip link add dummy1 type dummy
  ip link set dummy1 address 02:0a:0b:0c:0d:0e up
  rdma link add rxe1 type rxe netdev dummy1
}
second_device_down() {
  rdma link del rxe1
  ip link del dummy1
}

# The first in its machine: where SMC is a module, it is not loaded yet.
plan_changes_nothing() {
  if smc_is_module; then
    exits 0 smc-node-agent run --dry-run "${own[@]}"
    says "the plan ends here"
    [ ! -e /sys/module/smc ] || fail "the module was loaded"
    modprobe smc
  fi
  exits 0 smc-node-agent run --dry-run "${own[@]}"
  says "would set pnetid $pnetid for $device port 1"
  says "would set UEID $eid"
  holds '. == []' smc-look pnets
  holds '. == []' smc-look ueids
  [ ! -e /run/smc-node-agent ] || fail "a record was made"
}

# The kernel's word for a good set-up: a pod's self-test over it.
one_round_sets_up() {
  exits 0 once "${own[@]}"
  says "set pnetid $pnetid for $device port 1"
  says "set UEID $eid"
  holds "map({pnetid, ib}) == [{pnetid: \"$pnetid\", ib: \"$device\"}]" smc-look pnets
  holds ". == [\"$eid\"]" smc-look ueids
  exits 0 once "${own[@]}"
  if grep -qE '^(set|repaired|removed) ' <<<"$output"; then fail "changed something the second time"; fi
  exits 0 in_pod A smc-node-init pod "$asking" --termination-log /tmp/summary
  says "SMC-R over $device"
}

# This kernel has no switch of its own: without the agent's the node is not ready for pods whose programs do not ask.
no_switch_is_not_ready() {
  exits 2 once --ueid "$eid" --pnetid "$pnetid" --switch tcp2smc
  says tcp2smc
  says "--programs=ask"
  says "SMC-R cannot be used here: programs"
}

mac_without_colons() {
  second_device_up
  exits 0 once "$asking" --ueid "$eid" --device rxe1
  device_has rxe1 020A0B0C0D0E
  second_device_down
  forget_pnetids
  exits 2 once "$asking" --ueid "$eid"
  says "lo has no MAC address"
  says hint:
  without_agent
}

foreign_pnetid() {
  smc-look pnet-add OTHERNET - "$device" 1
  exits 0 once "${own[@]}"
  says "adopted OTHERNET"
  device_has "$device" OTHERNET
  exits 0 once "${own[@]}" --take-over
  device_has "$device" "$pnetid"
  without_agent
}

full_ueid_table() {
  local ueid
  for ueid in ONE TWO THREE FOUR; do smc-look ueid-add $ueid; done
  exits 2 once "${own[@]}"
  says "table of 4 is full"
  says hint:
  holds 'sort == ["FOUR", "ONE", "THREE", "TWO"]' smc-look ueids
  without_agent
}

# The kernel tells nobody of these two: the period finds them.
tables_are_repaired() {
  agent_up 1 "${own[@]}"
  device_has "$device" "$pnetid" && node_has_ueid "$eid"
  metrics_say 'any(.name == "smc_node_ready" and .value == 1)'
  smc-look ueid-del "$eid"
  smc-look ueid-add OTHER
  eventually 20 node_has_ueid "$eid"
  node_has_ueid OTHER
  smc-look pnet-del "$pnetid"
  eventually 20 device_has "$device" "$pnetid"
  local repairs='map(select(.name == "smc_node_setup_steps_total" and .repair == "true")) | map({kind, value})'
  eventually 20 metrics_say "$repairs | sort == [{kind: \"pnetid\", value: 1}, {kind: \"ueid\", value: 1}]"
  exits 0 in_pod A smc-node-init pod "$asking" --termination-log /tmp/summary
  says "SMC-R over $device"
}

# The period is an hour: it is the kernel's events that make the agent look.
device_goes_and_comes() {
  agent_up 3600 "${own[@]}"
  [[ $(http /readyz) == *" 200 "* ]]
  rdma link del "$device"
  eventually 20 metrics_say 'any(.name == "smc_node_check" and .check == "rdma device" and .verdict == "FAIL")'
  [[ $(http /readyz) == *" 503 "*"rdma device: none"* ]]
  [[ $(http /healthz) == *" 200 "* ]]
  forget_pnetids
  rdma link add "$device" type rxe netdev lo
  eventually 20 device_has "$device" "$pnetid"
  eventually 20 metrics_say 'any(.name == "smc_node_ready" and .value == 1)'
}

# The kernel keeps `rdma link del` waiting for programs to close their connections over the device, agent or not. The
# agent is not kept.
device_goes_in_use() {
  local removal
  pod_up B
  agent_up 1 "${own[@]}"
  set_up_pod B
  serve B smc
  hold A smc "$(pod_address B):5000"
  holds 'length == 1 and .[0].mode == "smcr"' connections A
  rdma link del "$device" &
  removal=$!
  eventually 20 metrics_say 'any(.name == "smc_node_ready" and .value == 0)'
  holds '. == []' smc-look devices
  kill -0 $removal
  end_programs_but "$agent_pid"
  wait $removal
  pod_down B
  rdma link add "$device" type rxe netdev lo
  eventually 20 metrics_say 'any(.name == "smc_node_ready" and .value == 1)'
}

interface_goes_down_and_up() {
  second_device_up
  agent_up 3600 "${own[@]}"
  local port='any(.name == "smc_node_port_active" and .device == "rxe1" and .interface == "dummy1" and .value == '
  metrics_say "$port 1)"
  ip link set dummy1 down
  eventually 20 metrics_say "$port 0)"
  ip link set dummy1 up
  eventually 20 metrics_say "$port 1)"
  second_device_down
}

# What others set up stays, and an agent that still runs repairs nothing more.
takes_back_its_own() {
  without_agent
  smc-look ueid-add OTHER
  agent_up 1 "${own[@]}"
  exits 0 smc-node-agent uninstall
  says "removed pnetid $pnetid of $device port 1"
  says "removed UEID $eid"
  eventually 20 metrics_say 'any(.name == "smc_node_ready" and .value == 0)'
  sleep 2
  holds '. == []' smc-look pnets
  holds '. == ["OTHER"]' smc-look ueids
  exits 0 smc-node-agent uninstall
  says "nothing of its own"
}

# An upgrade is no uninstallation.
stops_and_leaves_the_node() {
  agent_up 3600 "${own[@]}"
  local started=$EPOCHREALTIME
  kill -TERM "$agent_pid"
  wait "$agent_pid"
  local took=$(((${EPOCHREALTIME/./} - ${started/./}) / 1000))
  [ $took -lt 2000 ] || fail "took $took ms"
  device_has "$device" "$pnetid"
  node_has_ueid "$eid"
  note "within $took ms"
}

row "the agent's plan changes nothing" plan_changes_nothing
row "one round sets the node up, a pod is SMC-R, a second changes nothing" one_round_sets_up
row "no switch in this kernel: exit 2, unless the programs ask" no_switch_is_not_ready
without_agent
row "the pnetid is the interface's MAC; where it has none: exit 2" mac_without_colons
row "another program's device pnetid is adopted, and taken over when told" foreign_pnetid
row "four UEIDs of others: exit 2, none is removed" full_ueid_table
row "UEID and device pnetid removed behind the agent's back come back" tables_are_repaired
row "a device that goes and comes is seen at once, and set up again" device_goes_and_comes
row "so is an interface that goes down and up" interface_goes_down_and_up
row "a device that goes while connections use it: the agent is not held up" device_goes_in_use
row "uninstall takes back its own alone, and the running agent ends what it does" takes_back_its_own
row "SIGTERM ends the agent at once and leaves the node as it is" stops_and_leaves_the_node

without_agent
node_down
