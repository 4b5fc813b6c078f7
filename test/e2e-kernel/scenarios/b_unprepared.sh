# (b) Nodes that lack something, from the barest up. First in its machine: the smc module must not be loaded yet.
# shellcheck shell=bash disable=SC2154 # variables of lib/

modprobe -a ib_uverbs veth bridge rdma_rxe
# Possible only while there is one network namespace, as on a node before its first pod.
rdma system set netns exclusive
rdma link add "$device" type rxe netdev lo
ip addr add 10.9.1.254/16 dev lo
bridge_up
pod_up A

pod_command() { in_pod A smc-node-init pod "$asking" --termination-log /tmp/summary "$@"; }

usage_is_checked() {
  exits 1 pod_command --self-test=perhaps
  says hint:
  exits 1 smc-node-init
  exits 1 smc-node-init no-such-command
}

dry_run_loads_nothing() {
  exits 0 pod_command --dry-run
  says "load the kernel module smc"
  [ ! -e /sys/module/smc ] || fail "the module was loaded"
}

# Nothing to load: what is missing next is found.
dry_run_finds_it_built_in() {
  exits 2 pod_command --dry-run
  if grep -q "load the kernel module" <<<"$output"; then fail "plans to load what is there"; fi
  says "no active RDMA port has a pnetid"
}

module_missing() {
  local said module
  module=$(modinfo -n smc)
  mv "$module" /tmp/smc.ko
  depmod
  exits 2 pod_command --dry-run # the index of modules says so, without an attempt
  said=$output
  exits 2 pod_command
  said+=$output
  check_says 2 smc FAIL
  mv /tmp/smc.ko "$module"
  depmod
  output=$said
  says "no SMC"
  says CONFIG_SMC
  if grep -q "load the kernel module" <<<"$output"; then fail "plans to load what does not exist"; fi
  holds '.result == "failed" and .exitCode == 2 and .step == "smc"' cat /tmp/summary
}

nodes_own_namespace() {
  exits 2 smc-node-init pod --termination-log /tmp/summary
  says "node's own network namespace"
  says "hint:"
  holds '. == []' smc-look pnets
}

device_of_another_namespace() {
  smc-look pnet-add "$pnetid" - "$device" 1
  exits 2 pod_command
  says "another network namespace"
  says "rdma system set netns shared"
  smc-look pnet-del "$pnetid"
}

device_without_pnetid() {
  exits 2 pod_command
  says "$device"
  says hint:
  check_says 2 "device pnetid" FAIL
}

no_device() {
  rdma link del "$device"
  exits 2 pod_command
  says "device"
  says hint:
  check_says 2 "rdma device" FAIL
}

row "a wrong command line: exit 1" usage_is_checked
if smc_is_module; then
  row "a dry run loads no module" dry_run_loads_nothing
  row "no SMC in the kernel: exit 2, names the module" module_missing
else
  row "SMC built into the kernel: a dry run plans no loading" dry_run_finds_it_built_in
fi
row "in the node's own namespace: exit 2, nothing done" nodes_own_namespace
row "RDMA devices bound to namespaces (exclusive): exit 2, names the command" device_of_another_namespace
row "a device without a pnetid: exit 2, names it" device_without_pnetid
row "no RDMA device: exit 2" no_device

node_down
eventually 20 rdma system set netns shared
