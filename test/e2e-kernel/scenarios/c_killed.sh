# (c) The init container ended at any step and run again, and two at once.
# shellcheck shell=bash disable=SC2154 # variables of lib/

node_up
pod_up A
pod_up B
set_up_node


# What the init container has to have done, and nothing else.
is_set_up() {
  holds ". == [{\"pnetid\":\"$pnetid\",\"eth\":\"eth0\",\"ib\":\"n/a\"}]" in_pod "$1" smc-look pnets
  equal "$(in_pod "$1" sysctl -n net.smc.rmem net.smc.wmem net.ipv6.conf.eth0.disable_ipv6 | paste -sd' ')" \
    "131072 131072 1" parameters
}

# A pod as it was made.
fresh_pod() {
  forget_pod A
  in_pod A sysctl -qw net.smc.rmem=65536 net.smc.wmem=65536 net.ipv6.conf.eth0.disable_ipv6=0
}

# Ends it before its first changing call, the second, and so on, until it makes no more.
# sweep SELF-TEST: the last column says at how many places.
sweep() {
  local at=1 status
  while :; do
    fresh_pod
    status=0
    in_pod A smc-kill-at $at smc-node-init pod --termination-log /tmp/summary --rmem 131072 --wmem 131072 \
      --disable-ipv6 --self-test="$1" 2>/tmp/killed >/dev/null || status=$?
    tail -1 /tmp/killed
    [ $status = 137 ] || break
    exits 0 in_pod A smc-node-init pod --termination-log /tmp/summary --rmem 131072 --wmem 131072 \
      --disable-ipv6 --self-test=off >/dev/null
    is_set_up A
    at=$((at + 1))
  done
  equal $status 0 "exit status of the run that was left alone"
  is_set_up A
  [ $at -gt 5 ] || fail "ended at $at places only"
  note "ended at $((at - 1)) places"
}

killed_without_self_test() { sweep off; }

# The self-test works in a namespace of its own: nothing of it may stay.
killed_with_self_test() {
  sweep on
  holds '[.[] | select(.state != 10)] == []' in_pod A smc-look sockets
  exits 0 in_pod A smc-node-init pod --termination-log /tmp/summary
  says "SMC-R over"
}

two_at_once() {
  local i pids=() pid
  for i in 1 2 3 4 5; do
    fresh_pod
    pids=()
    for _ in 1 2; do
      in_pod A smc-node-init pod --termination-log /tmp/summary --rmem 131072 --wmem 131072 --disable-ipv6 &
      pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || fail "round $i: exit status $?"; done
    is_set_up A
  done
}

two_pods_at_once() {
  local pids=() pid letter
  fresh_pod
  forget_pod B
  for letter in A B; do
    in_pod $letter smc-node-init pod --termination-log /tmp/summary-$letter --rmem 131072 --wmem 131072 --disable-ipv6 &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
  is_set_up A
  is_set_up B
}

row "ended before each of its steps and run again" killed_without_self_test 150
row "the same through the self-test" killed_with_self_test 200
row "two runs at once in one pod, five times" two_at_once 90
row "two pods at once" two_pods_at_once

node_down
