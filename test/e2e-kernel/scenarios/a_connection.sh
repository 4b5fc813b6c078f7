# (a) A node and two pods, from nothing to a verified SMC-R connection.
# shellcheck shell=bash disable=SC2154 # variables of lib/

node_up
pod_up A
pod_up B

nothing_set_up_is_tcp() {
  serve B smc
  hold A smc "$(pod_address B):5000"
  holds 'length == 1 and .[0].mode == "tcp"' connections A
  note "$(connections A | jq -r '.[0].reason')"
}

# 5 MB there and back. SMC leaves on eth0 the handshake alone, some 1,500 bytes: TCP and CLC messages.
smc_moves_over_rdma() {
  local before after
  serve B smc
  before=$(eth0_bytes B)
  hold A smc "$(pod_address B):5000" --stream --size 10000 --requests 500
  after=$(eth0_bytes B)
  holds 'length == 1 and .[0].mode == "smcr"' connections A
  holds 'length == 1 and .[0].mode == "smcr"' connections B
  status_agrees A
  status_agrees B
  [ $((after - before)) -lt 10000 ] || fail "$((after - before)) bytes on eth0"
  note "5 MB each way, $((after - before)) bytes on eth0"
}

tcp_moves_over_eth0() {
  local before after
  serve B tcp
  before=$(eth0_bytes B)
  hold A tcp "$(pod_address B):5000" --stream --size 10000 --requests 500
  after=$(eth0_bytes B)
  [ $((after - before)) -gt 10000000 ] || fail "$((after - before)) bytes on eth0"
  note "5 MB each way, $((after - before)) bytes on eth0"
}

# From nothing: the node's half by hand, the pods' by the init container, which tests what it set up.
pods_are_set_up() {
  local started=$EPOCHREALTIME
  exits 0 in_pod A smc-node-init pod "$asking" --termination-log /tmp/summary
  local took=$(((${EPOCHREALTIME/./} - ${started/./}) / 1000))
  says "SMC-R over $device"
  holds '.result == "verified" and .exitCode == 0 and .selfTest.mode == "SMC-R"' cat /tmp/summary
  holds ".pnetid == \"$pnetid\" and .interface == \"eth0\" and .programs == \"ask\"" cat /tmp/summary
  [ "$(wc -c </tmp/summary)" -le 4000 ] || fail "a summary of $(wc -c </tmp/summary) bytes"
  exits 0 in_pod B smc-node-init pod "$asking" --self-test=off --termination-log /tmp/summary
  holds ". == [{\"pnetid\":\"$pnetid\",\"eth\":\"eth0\",\"ib\":\"n/a\"}]" in_pod A smc-look pnets
  holds ". == [{\"pnetid\":\"$pnetid\",\"eth\":\"eth0\",\"ib\":\"n/a\"}]" in_pod B smc-look pnets
  note "pod took $took ms with its self-test"
}

# Once more changes nothing and says so.
pods_are_as_they_were() {
  exits 0 in_pod A smc-node-init pod "$asking" --self-test=off --termination-log /tmp/summary
  says "is there already"
  if grep -q changed <<<"$output"; then fail "changed something"; fi
  check_says 0 pnetid PASS
}

# A proposal that the peer has to decline tells a peer with SMC from a middlebox that repeats options.
syn_check_knows_smc() {
  serve B smc
  exits 0 in_pod A smc-node-init syn-check "$(pod_address B):5000"
  says "the peer speaks SMC"
  holds '.exit == 0 and .addresses[0].probes[1].option254 == "fe06e2d4c3d9" and .addresses[0].probes[3].option254 == null' \
    in_pod A smc-node-init syn-check --json "http://$(pod_address B):5000/"
  holds 'length == 0' connections B
  note "$(in_pod A smc-node-init syn-check "$(pod_address B):5000" | tail -1)"
}

syn_check_knows_tcp() {
  serve B tcp
  exits 0 in_pod A smc-node-init syn-check "$(pod_address B):5000"
  says "connections will be TCP"
}

row "before the set-up, sockets that ask for SMC fall back" nothing_set_up_is_tcp
set_up_node
row "the init container sets the pods up and tests one" pods_are_set_up
row "run again, it finds all of it there" pods_are_as_they_were
row "after it, both ends are SMC-R and the data is not on eth0" smc_moves_over_rdma
row "for comparison, plain TCP" tcp_moves_over_eth0
row "syn-check: a peer that speaks SMC is no replay, and it declines" syn_check_knows_smc
row "syn-check: a peer that speaks TCP" syn_check_knows_tcp

node_down
