# (n) The node tools' package where systemd runs the node: the agent as a service, without an API server.
# shellcheck shell=bash disable=SC2154 # variables of lib/

service=smc-node-agent
unit=/usr/lib/systemd/system/$service.service
shown() { systemctl show --value --property "$1" $service; }
ready() { [[ $(http /readyz) == *" 200 "* ]]; }

cp -a /job/package/. /
systemctl daemon-reload
node_up
pod_up A
pod_up B

nobody_has_enabled_it() {
  exits 0 systemd-analyze verify --man=no $unit
  equal "$output" "" "what systemd-analyze says"
  exits 1 systemctl is-enabled $service
  equal "$output" disabled "the service"
  exits 3 systemctl is-active $service
  sed -i "s/^OPTIONS=.*/OPTIONS=\"--ueid=$eid --pnetid=$pnetid\"/" /etc/default/$service
}

enabled_it_sets_the_node_up() {
  exits 0 systemctl enable --now $service
  exits 0 systemctl is-enabled $service
  eventually 60 ready
  device_has "$device" "$pnetid"
  node_has_ueid "$eid"
}

# In the order of the capabilities' numbers: NET_ADMIN, NET_RAW, SYS_PTRACE, SYS_ADMIN.
its_rights_are_limited() {
  local status
  status=$(cat "/proc/$(shown MainPID)/status")
  grep -E '^CapBnd:\s0*283000$' <<<"$status"
  grep -E '^NoNewPrivs:\s1$' <<<"$status"
  equal "$(cat "/sys/fs/cgroup$(shown ControlGroup)/memory.max")" $((128 * 1024 * 1024)) "its memory"
  note "$(($(shown MemoryCurrent) / 1024 / 1024)) MiB in use"
}

a_pod_is_smcr() {
  local pod
  for pod in A B; do
    exits 0 in_pod $pod smc-node-init pod "$asking" --termination-log /tmp/summary
    says "SMC-R over $device"
  done
  serve B smc
  hold A smc "$(pod_address B):5000"
  holds 'length == 1 and .[0].mode == "smcr"' connections A
}

# The agent's switch is for the pods that the API server tells it of: nobody takes such a pod for one on SMC.
other_programs_are_not_switched() {
  exits 2 in_pod A smc-node-init pod --wait 2s --termination-log /tmp/summary
  equal "$(jq -r .result /tmp/summary)" not_switched
}

# What is its own it knows again: an adopted pnetid would be somebody else's.
restarted_it_changes_nothing() {
  exits 0 systemctl restart $service
  eventually 60 ready
  metrics_say '(map(select(.name == "smc_node_setup_steps_total") | .value) | add // 0) == 0'
  exits 0 smc-node-agent uninstall
  says "removed pnetid $pnetid of $device port 1"
  exits 0 systemctl restart $service
  eventually 60 ready
}

killed_it_comes_back() {
  local first
  first=$(shown MainPID)
  kill -KILL "$first"
  eventually 60 another_than "$first"
  eventually 60 ready
}
another_than() { [ "$(shown SubState)" = running ] && [ "$(shown MainPID)" != "$1" ]; }

stopped_it_leaves_the_node() {
  exits 0 systemctl disable --now $service
  exits 3 systemctl is-active $service
  device_has "$device" "$pnetid"
  node_has_ueid "$eid"
  exits 0 smc-node-agent uninstall
  says "removed UEID $eid"
  holds '. == []' smc-look pnets
}

row "the package's service is sound, and nobody has enabled it" nobody_has_enabled_it
row "enabled, it sets the node up as /etc/default says, and is ready" enabled_it_sets_the_node_up
row "it has four capabilities, no new privileges, and 128 MiB" its_rights_are_limited
row "pods whose programs ask are SMC-R" a_pod_is_smcr
row "a pod whose programs do not is told so: exit 2" other_programs_are_not_switched
row "restarted, it changes nothing and knows what is its own" restarted_it_changes_nothing
row "killed, it comes back" killed_it_comes_back
row "stopped, it leaves the node; uninstall takes its own back" stopped_it_leaves_the_node

node_down
