# (b) Each misconfiguration has its verdict, its code and its hint.
# shellcheck shell=bash disable=SC2154 # variables of lib/

node_up
pod_up A
pod_up B
set_up_node

pod_command() { in_pod A smc-node-init pod "$asking" --termination-log /tmp/summary "$@"; }

# --- what the init container finds ---

no_ueid() {
  smc-look ueid-del "$eid"
  exits 4 pod_command
  local said=$output
  check_says 2 ueid FAIL
  output=$said
  smc-look ueid-add "$eid"
  says UEID
  says "hint:"
  holds '.exitCode == 4 and .selfTest.mode == "TCP" and .selfTest.code == "0x03030000"' cat /tmp/summary
}

no_ueid_but_fallback() {
  smc-look ueid-del "$eid"
  exits 0 pod_command --on-failure=fallback
  smc-look ueid-add "$eid"
  holds '.result == "fallback" and .exitCode == 0 and .cause == "self-test" and (.reason | length > 0)' cat /tmp/summary
}

unknown_pnetid() {
  exits 2 pod_command --pnetid NOWHERE
  says NOWHERE
  says "$pnetid"
  says hint:
  exits 2 env SMCR_PNET=ELSEWHERE in_pod A smc-node-init pod "$asking" --termination-log /tmp/summary
  says ELSEWHERE
}

# A second device with another pnetid: nothing says which is meant.
two_networks() {
  ip link add dummy1 type dummy
  ip link set dummy1 up
  rdma link add rxe1 type rxe netdev dummy1
  smc-look pnet-add OTHERNET - rxe1 1
  forget_pod A
  exits 2 pod_command
  says "$pnetid"
  says OTHERNET
  exits 0 pod_command --pnetid "$pnetid" --self-test=off
  smc-look pnet-del OTHERNET
  rdma link del rxe1
  ip link del dummy1
}

no_such_interface() {
  exits 2 pod_command --interface eth7
  says eth7
  says hint:
}

interface_without_ipv4() {
  in_pod A ip link add dummy1 type dummy
  exits 2 pod_command --interface dummy1
  in_pod A ip link del dummy1
  says "no IPv4 address"
}

# Routes to an address of the pods' network stay, but the address is no longer one of this node's own.
address_not_local() {
  ip addr del 10.9.1.254/16 dev lo
  ip addr add 10.9.1.254/16 dev lo noprefixroute
  exits 4 pod_command
  ip addr del 10.9.1.254/16 dev lo
  ip addr add 10.9.1.254/16 dev lo
  says hint:
  holds '.selfTest.code == "0x03030002"' cat /tmp/summary
}

outside_the_devices_subnet() {
  ip addr del 10.9.1.254/16 dev lo
  ip addr add 10.8.1.254/16 dev lo
  exits 4 pod_command
  ip addr del 10.8.1.254/16 dev lo
  ip addr add 10.9.1.254/16 dev lo
  says hint:
  holds '.selfTest.mode == "TCP"' cat /tmp/summary
  note "$(jq -r .selfTest.code /tmp/summary)"
}

user_namespace() {
  forget_pod A
  exits 3 in_pod A unshare --user --map-root-user smc-node-init pod "$asking" --termination-log /tmp/summary
  says "Operation not permitted"
  says "hint:"
  holds '. == []' in_pod A smc-look pnets
}

read_only_sysctls() {
  exits 3 in_pod A sh -c 'mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys &&
    smc-node-init pod --programs=ask --rmem 131072 --self-test=off --termination-log /tmp/summary'
  says "Read-only file system"
  says hint:
}

# Without a switch an ordinary program's sockets stay TCP, whatever else is set up: that is no success.
no_switch_fails() {
  exits 2 in_pod A smc-node-init pod --switch tcp2smc --termination-log /tmp/summary
  says tcp2smc
  says "--programs=ask"
  holds '.result == "not_switched" and .exitCode == 2 and .step == "switch" and .selfTest == null' cat /tmp/summary
  exits 2 in_pod A smc-node-init check --json
  jq -e '.checks[] | select(.name == "switch") | .verdict == "FAIL"' <<<"$output"
}

no_switch_but_fallback() {
  exits 0 in_pod A smc-node-init pod --switch tcp2smc --on-failure=fallback --termination-log /tmp/summary
  holds '.result == "not_switched" and .exitCode == 0 and .selfTest == null' cat /tmp/summary
}

# The kernel's word on what those two would have called verified.
ordinary_programs_stay_tcp() {
  serve B tcp
  hold A tcp "$(pod_address B):5000"
  holds 'length == 0' connections A
}

parameters_are_written() {
  exits 0 pod_command --self-test=off --rmem 131072 --wmem 262144 --smcr-buf-type 1 --autocorking-size 32768 --disable-ipv6
  equal "$(in_pod A sysctl -n net.smc.rmem net.smc.wmem net.smc.smcr_buf_type net.smc.autocorking_size \
    net.ipv6.conf.eth0.disable_ipv6 net.ipv6.conf.lo.disable_ipv6 | paste -sd' ')" "131072 262144 1 32768 1 0" parameters
  equal "$(in_pod B sysctl -n net.smc.rmem)" 65536 "another pod's"
}

# --- what two programs see ---

# falls_back SERVER-KIND CLIENT-KIND CLIENT-CODE SERVER-CODE: the connection of A and B carries data and is TCP, with
# these reasons at the two ends; "-" where that end has no SMC socket.
falls_back() {
  serve B "$1"
  hold A "$2" "${5:-$(pod_address B)}:5000"
  connections A
  connections B
  [ "$3" = - ] || holds "length >= 1 and .[0].mode == \"tcp\" and .[0].reason == \"$3\"" connections A
  [ "$4" = - ] || holds "length >= 1 and .[0].mode == \"tcp\" and .[0].reason == \"$4\"" connections B
  if [ "$3" != - ]; then status_agrees A; fi
  if [ "$4" != - ]; then status_agrees B; fi
  local code
  for code in "$3" "$4"; do
    [ "$code" = - ] && continue
    exits 0 smc-node-init explain "$code"
    says hint:
  done
  note "client $3, server $4"
}

client_pod_without_pnetid() {
  forget_pod A
  check_says 2 pnetid FAIL
  falls_back smc smc 03030000 05000000
  holds '.[0].peer_reason == "03030000"' connections B
}

client_pnetid_without_device() {
  forget_pod A
  in_pod A smc-look pnet-add NOWHERE eth0
  check_says 2 pnetid FAIL
  falls_back smc smc 03030000 05000000
  forget_pod A
}

server_pod_without_pnetid() {
  in_pod A smc-node-init pod "$asking" --self-test=off --termination-log /tmp/summary
  forget_pod B
  falls_back smc smc 05000000 03030002
  in_pod B smc-node-init pod "$asking" --self-test=off --termination-log /tmp/summary
}

plain_server() { falls_back tcp smc 03010000 -; }
plain_client() { falls_back smc tcp - 03010000; }
# 6.12 takes no IPv4-mapped address, 6.17 was seen to.
ipv6_socket() {
  if kernel_is_at_least 6.17; then
    serve B ipproto
    hold A ipproto6 "$(pod_address B):5000"
    holds 'length == 1 and .[0].mode == "smcr"' connections A
    note "SMC-R on $(uname -r)"
  else
    falls_back ipproto ipproto6 03030000 05000000
  fi
}

loopback_address() {
  serve A smc
  hold A smc 127.0.0.1:5000
  holds 'length >= 1 and all(.mode == "tcp")' connections A
  note "$(connections A | jq -r 'map(.reason) | unique | join(", ")')"
}

own_address() {
  serve A smc
  hold A smc "$(pod_address A):5000"
  note "$(connections A | jq -r 'map("\(.mode) \(.reason)") | unique | join(", ")')"
}

row "no UEID on the node: exit 4, 0x03030000, names the UEID" no_ueid
row "the same with --on-failure=fallback: exit 0, said" no_ueid_but_fallback
row "a pnetid that no device has: exit 2, names the one there is" unknown_pnetid
row "two networks to choose from: exit 2, names both" two_networks
row "an interface that is not there: exit 2" no_such_interface
row "an interface without IPv4: exit 2" interface_without_ipv4
row "the pod's address not local on its node: exit 4, 0x03030002" address_not_local
row "the pod's address outside the device's subnet: exit 4" outside_the_devices_subnet
row "from a user namespace: exit 3, EPERM" user_namespace
row "read-only /proc/sys: exit 3, EROFS" read_only_sysctls
row "no tcp2smc in this kernel: exit 2, not_switched" no_switch_fails
row "the same with --on-failure=fallback: exit 0, not_switched" no_switch_but_fallback
row "ordinary programs of that pod have no SMC socket" ordinary_programs_stay_tcp
row "sysctls are written in this pod alone" parameters_are_written
row "client pod without pnetid" client_pod_without_pnetid
row "client pod with a pnetid that no device has" client_pnetid_without_device
row "server pod without pnetid" server_pod_without_pnetid
row "the server speaks plain TCP" plain_server
row "the client speaks plain TCP" plain_client
row "an IPv6 socket to an IPv4 address" ipv6_socket
row "a connection over 127.0.0.1" loopback_address
row "a connection to the pod's own address" own_address

node_down
