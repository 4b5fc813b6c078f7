# (k) The measurement: what smc-bench says of its connections is what the kernel did with them, over TCP, over SMC-R,
# and where one side lacks the switch. Needs the BPF switch, since its sockets are ordinary ones.
# shellcheck shell=bash disable=SC2154 # variables of lib/

node_up
pauses=
for pod in A B C; do
  pod_up $pod
  in_pod $pod sleep infinity &
  pauses+=" $!"
done

switch_on() { nsenter --net="/run/netns/pod$1" smc-switch on; }

# measure EXIT EXPECTED NAME [POD]: a server in POD (B) and its load in A, and the result in /tmp/NAME.json.
measure() {
  local address
  address=$(pod_address "${4:-B}")
  start server in_pod "${4:-B}" smc-bench server --listen "$address:8080"
  eventually 30 grep -q listening /tmp/server.out
  exits "$1" in_pod A smc-bench load "http://$address:8080/echo" --qps 200 --connections 4 --duration 8s \
    --warm-up 2s --expect "$2" --out "/tmp/$3.json"
}
proof() { jq -r ".proof | $2" "/tmp/$1.json"; }

tcp_is_tcp() {
  measure 0 tcp before
  equal "$(proof before .mode)" tcp
  equal "$(proof before .modes.tcp)" 4
}

tcp_is_no_smc() {
  measure 4 smc-r not
  says "was to run over smc-r and ran over tcp"
}

smc_is_proven() {
  local pod
  exits 0 smc-node-agent run --once --ueid "$eid" --pnetid "$pnetid"
  for pod in A B; do
    switch_on $pod
    exits 0 in_pod $pod smc-node-init pod --wait 30s --termination-log /tmp/summary
  done
  measure 0 smc-r after
  equal "$(proof after '"\(.mode) \(.modes["smc-r"]) \(.device)"')" "smc-r 4 $device"
  jq -e '.proof.smc_bytes >= 256 * .requests and .proof.interface_bytes < 128 * .requests' /tmp/after.json
  note "$(jq -r '"\(.requests) requests, \(.proof.smc_bytes) bytes by SMC, \(.proof.interface_bytes) on eth0"' /tmp/after.json)"
}

one_side_is_named() {
  measure 4 smc-r half C
  equal "$(proof half '.fallbacks[0].code')" 0x03010000
}

both_are_compared() {
  exits 0 smc-bench compare /tmp/before.json /tmp/after.json --html /tmp/report.html
  says "after: smc-r, 4 of 4 connections SMC-R"
}

row "a load over TCP is said to be TCP" tcp_is_tcp
row "one that was to be SMC-R ends with 4" tcp_is_no_smc
row "4 connections on SMC-R, by sock_diag, SMC's counters and eth0's" smc_is_proven
row "a server without the switch: 0x03010000" one_side_is_named
row "both runs side by side" both_are_compared

# shellcheck disable=SC2086 # a list
kill $pauses
smc-node-agent uninstall >/dev/null
node_down
