# (c) The init container ended at any step and run again, and two at once.
# shellcheck shell=bash disable=SC2154 # variables of lib/

node_up
pod_up A
pod_up B
set_up_node


settings=("$asking" --termination-log /tmp/summary --rmem 131072 --wmem 131072 --disable-ipv6)

# What the init container has to have done in this namespace, and nothing else.
is_set_up() {
  equal "$(smc-look pnets)" "[{\"pnetid\":\"$pnetid\",\"eth\":\"eth0\",\"ib\":\"n/a\"}]" "pnetids"
  equal "$(cat /proc/sys/net/smc/[rw]mem /proc/sys/net/ipv6/conf/eth0/disable_ipv6)" "$(printf '131072\n131072\n1')" parameters
}

# This namespace as it was made.
forget_set_up() {
  forget_pnetids
  echo 65536 >/proc/sys/net/smc/rmem
  echo 65536 >/proc/sys/net/smc/wmem
  echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6
}

# Ends it before its first changing call, the second, and so on, until it makes no more: each time the next run has to
# put everything right.
sweep() {
  local at=1 status
  while :; do
    forget_set_up
    status=0
    smc-kill-at $at smc-node-init pod "${settings[@]}" --self-test=on 2>/tmp/killed >/tmp/pod.out || status=$?
    tail -1 /tmp/killed
    [ $status = 137 ] || break
    smc-node-init pod "${settings[@]}" --self-test=off >/tmp/pod.out || fail "exit status $? the next time"
    is_set_up
    at=$((at + 1))
  done
  equal $status 0 "exit status of the run that was left alone"
  is_set_up
  [ $at -gt 10 ] || fail "ended at $((at - 1)) places only"
  note "ended at $((at - 1)) places"
}

# The self-test works in a namespace of its own, and nothing of it may stay.
killed_anywhere() {
  in_pod_shell A sweep
  holds '[.[] | select(.state != 10)] == []' in_pod A smc-look sockets
  exits 0 in_pod A smc-node-init pod "${settings[@]}" --self-test=on
  says "SMC-R over"
}

two_at_once() {
  local round pids pid
  for round in 1 2 3 4 5; do
    forget_set_up
    pids=()
    for _ in 1 2; do
      smc-node-init pod "${settings[@]}" --self-test=on &
      pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || fail "round $round: exit status $?"; done
    is_set_up
  done
}

two_at_once_in_one_pod() { in_pod_shell A two_at_once; }

two_pods_at_once() {
  local pids=() pid
  in_pod_shell A forget_set_up
  in_pod A smc-node-init pod --self-test=on "${settings[@]}" &
  pids+=($!)
  in_pod B smc-node-init pod --self-test=on "${settings[@]}" &
  pids+=($!)
  for pid in "${pids[@]}"; do wait "$pid"; done
  in_pod_shell A is_set_up
  in_pod_shell B is_set_up
}

row "ended before each of its steps and run again" killed_anywhere 600
row "two runs at once in one pod, five times" two_at_once_in_one_pod
row "two pods at once" two_pods_at_once

node_down
