# (j) Destinations that stay on TCP: where the kernel has a handshake control (Linux 6.19), the SMC option is left out
# for them, and on older ones the init container says that it is not.
# shellcheck shell=bash disable=SC2154 # variables of lib/

node_with_two_pods

# exclude LETTER LIST: puts that pod's list in force, as the agent does; in_pod would hide /sys/fs/bpf.
exclude() { nsenter --net="/run/netns/pod$1" smc-exclude put "$2"; }

# What is captured of handshakes on pod A's eth0.
capture() {
  start syns in_pod A smc-syns eth0
  eventually 30 grep -q listening /tmp/syns.out
}
captured() { jq -s -e "$1" /tmp/syns.out >/dev/null; }

# stays_tcp PORT: a connection from A to B there works, over TCP.
stays_tcp() {
  start "tcp-$1" in_pod A smc-traffic client smc "$(pod_address B):$1" --hold
  eventually 60 grep -q connections "/tmp/tcp-$1.out"
  jq -e '.lost == 0 and .error == ""' "/tmp/tcp-$1.out" >/dev/null || fail "$(cat "/tmp/tcp-$1.out")"
  holds "map(select(.peer | endswith(\":$1\"))) | length == 1 and .[0].mode == \"tcp\"" connections A
}

# handshake PORT KIND BOOLEAN: A's last handshake with that port of B has been seen, with the option or without.
handshake() {
  local server
  server="$(pod_address B):$1"
  eventually 10 captured "map(select(type == \"object\" and .kind == \"$2\" and (.to // .from) == \"$server\")) | last.smc == $3"
}

a_port_of_any_address() {
  exclude A :5001
  equal "$(in_pod A cat /proc/sys/net/smc/hs_ctrl)" smc_asm_dest_1
  capture
  serve B smc
  serve B smc 5001
  stays_tcp 5001
  handshake 5001 SYN false
  handshake 5001 SYN-ACK false
  hold A smc "$(pod_address B):5000"
  holds 'map(select(.peer | endswith(":5000"))) | length == 1 and .[0].mode == "smcr"' connections A
  handshake 5000 SYN true
  handshake 5000 SYN-ACK true
  note "$(jq -sc 'map(select(type == "object")) | map("\(.kind) \((.to // .from)[-4:]) \(.smc)") | unique' /tmp/syns.out)"
}

an_address_with_a_port() {
  exclude A "$(pod_address B):5001"
  capture
  serve B smc
  serve B smc 5001
  stays_tcp 5001
  handshake 5001 SYN false
  hold A smc "$(pod_address B):5000"
  handshake 5000 SYN true
}

# The list before is replaced; one bit more, and the address is outside.
a_network() {
  exclude A 10.9.1.8/29,10.9.1.16/28
  capture
  serve B smc
  stays_tcp 5000
  handshake 5000 SYN false
  exclude A 10.9.1.8/30,10.9.1.16/28
  hold A smc "$(pod_address B):5000"
  handshake 5000 SYN true
}

# B's own list: the client asks, and the server's answer has no option.
a_port_of_the_servers_own() {
  exclude A 10.99.0.0/16
  exclude B :5001
  capture
  serve B smc 5001
  stays_tcp 5001
  handshake 5001 SYN true
  handshake 5001 SYN-ACK false
  exclude B 10.99.0.0/16
}

# Programs of another pod are none of A's list's business.
other_pods_keep_smc() {
  exclude A 0.0.0.0/0
  serve A smc
  pod_up C
  set_up_pod C
  serve B smc
  hold C smc "$(pod_address B):5000"
  holds 'length == 1 and .[0].mode == "smcr"' connections C
  end_programs
  pod_down C
}

# The container of mode privileged waits for the agent, and then goes on.
the_init_container_waits() {
  in_pod A sh -c 'echo > /proc/sys/net/smc/hs_ctrl'
  start init in_pod A smc-node-init pod "$asking" --exclude-destinations=:5001 --self-test=off --termination-log /tmp/summary
  local pid=$last_pid
  sleep 2
  kill -0 "$pid" || fail "did not wait"
  exclude A :5001
  wait "$pid" || fail "exit status $?"
  holds '.excludedDestinations == 1 and (has("warnings") | not)' cat /tmp/summary
  in_pod A sh -c 'echo > /proc/sys/net/smc/hs_ctrl'
  exits 2 in_pod A smc-node-init pod "$asking" --exclude-destinations=:5001 --self-test=off --wait 1s --termination-log /tmp/summary
  says "not excluded 1 destination in time"
}

gone_namespaces_are_forgotten() {
  local before _
  start pause in_pod A sleep 1000
  for _ in {1..20}; do unshare --net smc-exclude put :1,:2,:3; done
  exclude A :5001
  before=$(smc-exclude count)
  [ "$before" -ge 61 ] || fail "$before entries"
  smc-exclude sweep
  equal "$(smc-exclude count)" 1 "entries left"
  note "$before entries before, 1 after"
  capture
  serve B smc 5001
  stays_tcp 5001
  handshake 5001 SYN false
}

# With the control goes its hold on the module.
uninstall_leaves_nothing() {
  start pause in_pod A sleep 1000
  exclude A :5001
  exits 0 smc-exclude remove
  says removed
  equal "$(in_pod A cat /proc/sys/net/smc/hs_ctrl)" ""
  [ -z "$(ls -A /sys/fs/bpf/smc-node-agent)" ] || fail "pins are left: $(ls /sys/fs/bpf/smc-node-agent)"
  capture
  serve B smc 5001
  hold A smc "$(pod_address B):5001"
  handshake 5001 SYN true
  exits 0 smc-exclude remove
  says "nothing there"
}

older_kernels_are_named() {
  exits 0 in_pod A smc-node-init pod "$asking" --exclude-destinations=:5001,10.1.2.0/24 --self-test=off --termination-log /tmp/summary
  says "2 destinations not excluded: this kernel has no net.smc.hs_ctrl"
  holds '.warnings | any(startswith("destinations: 2 destinations not excluded"))' cat /tmp/summary
  note "$(jq -r '.warnings[0]' /tmp/summary)"
}

if [ -e /proc/sys/net/smc/hs_ctrl ]; then
  row "an excluded port: a SYN without the option, plain TCP that works; the others SMC-R" a_port_of_any_address
  row "an excluded address with a port" an_address_with_a_port
  row "an excluded network, and the network beside it" a_network
  row "a port of the server's own: the SYN-ACK is without the option" a_port_of_the_servers_own
  row "other pods keep SMC, whatever one excludes" other_pods_keep_smc
  row "the init container waits for the agent's list, and leaves the pod on TCP without" the_init_container_waits
  row "lists of namespaces that are gone are forgotten, the others stay" gone_namespaces_are_forgotten
  row "uninstall leaves no list, no control and no pin" uninstall_leaves_nothing
else
  row "a kernel without handshake control: the summary says that the list has no effect" older_kernels_are_named
fi

node_down
