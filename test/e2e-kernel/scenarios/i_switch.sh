# (i) The BPF switch: programs that know nothing of SMC are SMC-R in the namespaces on the agent's list, and TCP
# everywhere else, whatever becomes of the agent.
# shellcheck shell=bash disable=SC2154 # variables of lib/

pins=/sys/fs/bpf/smc-node-agent
own=(--ueid "$eid" --pnetid "$pnetid")

once() { smc-node-agent run --once "$@"; }
pinned() { printf '%s\n' $pins/"$1"* | wc -l; }
# Not in_pod, which has a /sys of its own, without the BPF file system.
switch_on() { nsenter --net="/run/netns/pod$1" smc-switch on; }

# As a pod's pause container does, so that the agent sees the namespace live.
pause() {
  in_pod "$1" sleep infinity &
  pauses+=" $!"
}
pauses=

node_up
for pod in A B C; do
  pod_up $pod
  pause $pod
done

plan_changes_nothing() {
  modprobe smc
  exits 0 smc-node-agent run --dry-run "${own[@]}"
  says "would set the BPF switch"
  [ ! -e $pins ] || fail "it was attached"
}

one_round_attaches() {
  exits 0 once "${own[@]}"
  says "set the BPF switch"
  equal "$(pinned program_switch-)" 1 "pinned programs"
  exits 0 once "${own[@]}"
  says "in force, on in 0 of at most 2048"
  if grep -qE '^(set|repaired|removed) ' <<<"$output"; then fail "changed something the second time"; fi
  equal "$(pinned program_switch-)" 1 "pinned programs"
}

# By itself the namespace is set up but for the switch, which a pod may not turn on.
pod_waits_for_the_agent() {
  exits 2 in_pod A smc-node-init pod --wait 1s --termination-log /tmp/summary
  says "has not turned its BPF switch on here within 1 s"
  equal "$(jq -r .result /tmp/summary)" not_switched
  (sleep 15 && switch_on A) &
  exits 0 in_pod A smc-node-init pod --wait 60s --termination-log /tmp/summary
  says "turned its BPF switch on here"
  equal "$(jq -r '"\(.result) \(.programs)"' /tmp/summary)" "verified bpf"
  exits 0 in_pod B smc-node-init pod --wait 1s --on-failure=fallback --termination-log /tmp/summary
  equal "$(jq -r .result /tmp/summary)" not_switched
  switch_on B
}

check_and_status_say_so() {
  local status=0
  in_pod A smc-node-init check --json >/tmp/check || status=$?
  equal "$status" "$(jq 'if .verdict == "FAIL" then 2 else 0 end' /tmp/check)" "exit status of check in A"
  jq -e '.checks[] | select(.name == "switch") | .verdict == "PASS" and (.finding | contains("BPF"))' /tmp/check
  exits 2 in_pod C smc-node-init check --json
  jq -e '.checks[] | select(.name == "switch") | .verdict == "FAIL" and (.hint | contains("smc-node-agent"))' <<<"$output"
  exits 0 in_pod A smc-node-init status --json
  equal "$(jq -r '"\(.switch.kind) \(.switch.on)"' <<<"$output")" "bpf true" "A's switch"
  exits 0 in_pod C smc-node-init status --json
  equal "$(jq -r '"\(.switch.kind) \(.switch.on)"' <<<"$output")" "bpf false" "C's switch"
}

choices() {
  exits 2 in_pod C smc-node-init pod --switch tcp2smc --termination-log /tmp/summary
  says "it has no net.smc.tcp2smc"
  exits 2 in_pod C smc-node-init pod --switch none --termination-log /tmp/summary
  says "--switch=none"
  exits 0 in_pod A smc-node-init pod --switch bpf --termination-log /tmp/summary
}

# The mode is the kernel's word.
netcat_is_smcr() {
  start server in_pod B nc -lk "$(pod_address B)" 7000
  eventually 60 listens
  start client in_pod A sh -c 'sleep 100 | nc 10.9.1.12 7000'
  eventually 60 has_smcr A
  eventually 60 has_smcr B
}
listens() { in_pod B smc-look sockets | jq -e 'any(.state == 10)' >/dev/null; }
has_smcr() { connections "$1" '.mode == "smcr"' | jq -e 'length == 1' >/dev/null; }

python_is_smcr() {
  start server in_pod B python3 -c '
import socket
s = socket.create_server(("10.9.1.12", 7001))
while True:
    c, _ = s.accept()
    while d := c.recv(65536): c.sendall(d)
'
  eventually 60 listens
  exits 0 in_pod A python3 -c '
import socket, subprocess, sys
s = socket.create_connection(("10.9.1.12", 7001), 60)
print("protocol", s.getsockopt(socket.SOL_SOCKET, 38))
s.sendall(b"x" * 100000)
got = 0
while got < 100000: got += len(s.recv(65536))
print(subprocess.run(["smc-look", "sockets"], capture_output=True, text=True).stdout)
'
  says "protocol 256"
  says '"mode":"smcr"'
}

# C is not on the list: its sockets are TCP's own, not SMC ones that fell back.
outside_stays_tcp() {
  holds '.smc == 0 and .tcp > 100' in_pod C smc-switch sockets 2
  holds '.smc == 0 and .tcp > 100' smc-switch sockets 2
  holds '.tcp == 0 and .smc > 100' in_pod A smc-switch sockets 2
  start server in_pod B nc -lk "$(pod_address B)" 7002
  eventually 60 listens
  start client in_pod C sh -c 'sleep 100 | nc 10.9.1.12 7002'
  eventually 60 connected_by_tcp
  equal "$(in_pod C smc-look sockets)" "[]" "C's SMC sockets"
}

# 01: established, 1B5A: port 7002
connected_by_tcp() { in_pod C grep -q ':1B5A 01 ' /proc/net/tcp; }

# Other kinds of sockets of a listed namespace are nobody's business.
others_stay() {
  exits 0 in_pod A python3 -c '
import socket
def protocol(*kind): return socket.socket(*kind).getsockopt(socket.SOL_SOCKET, 38)
print(protocol(socket.AF_INET, socket.SOCK_DGRAM), protocol(socket.AF_INET6, socket.SOCK_STREAM), protocol(socket.AF_UNIX, socket.SOCK_STREAM),
      protocol(socket.AF_INET, socket.SOCK_STREAM, 262), protocol(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK, 6))
'
  says "17 6 0 256 256"
}

# A loop of sockets during all of it: the agent killed, its next start, another version's program in its place, and
# that replaced.
no_socket_is_missed() {
  start loop in_pod A smc-switch sockets 30
  local loop=$last_pid
  agent_up 1 "${own[@]}"
  kill -KILL "$agent_pid"
  smc-switch older
  equal "$(pinned program_switch-)" 1 "pinned programs"
  [ -e $pins/program_switch-00000000 ] || fail "the other version is not there"
  agent_up 1 "${own[@]}"
  equal "$(pinned program_switch-)" 1 "pinned programs"
  [ ! -e $pins/program_switch-00000000 ] || fail "the other version is still there"
  wait "$loop" || true
  holds '.tcp == 0 and .smc > 1000' cat /tmp/loop.out
  note "$(jq .smc /tmp/loop.out) sockets, none of TCP"
}

kernel_memory() {
  local name value sum=0
  while read -r name value _; do
    case $name in Slab: | Percpu:) sum=$((sum + value)) ;; esac
  done </proc/meminfo
  echo $sum
}

# come_and_go KEPT: 250 namespaces, each with a process, as a pod has its pause container.
come_and_go() {
  start many smc-switch many 250
  eventually 150 grep -q more /tmp/many.out
  exits 0 once "${own[@]}"
  says "on in $(($1 + 250)) of at most 2048"
  end_programs
  eventually 60 nobody_is_left
  exits 0 once "${own[@]}"
  says "on in $1 of at most 2048"
}
nobody_is_left() { ! pgrep -x smc-switch; }

# What the kernel only keeps at hand is given back first. It frees a namespace that is gone when the next one goes: of
# 250, 249 were still there, which made one thousand differ from the next by megabytes, with no switch at all. Then names
# and inodes of /proc, free slabs, and those that each processor has for itself.
settled_memory() {
  local cache
  sleep 2
  for _ in 1 2 3; do unshare -n true && sleep 1; done
  echo 3 >/proc/sys/vm/drop_caches
  for cache in /sys/kernel/slab/*/shrink; do echo 1 >"$cache"; done
  sleep 1
  kernel_memory
}

# A cache fills in the first thousand, after some that fill what is made only once; a leak grows by as much in each. So
# the second thousand may leave half of what the first did, or 1 KiB a namespace, which half-used slabs make it differ
# by; and never 4 KiB a namespace.
a_thousand_come_and_go() {
  local kept memory=() first second
  kept=$(smc-switch count)
  come_and_go "$kept"
  memory+=("$(settled_memory)")
  for _ in 1 2; do
    for _ in 1 2 3 4; do come_and_go "$kept"; done
    memory+=("$(settled_memory)")
  done
  first=$((memory[1] - memory[0]))
  second=$((memory[2] - memory[1]))
  note "kernel memory: ${memory[0]} kB after 250, $first kB more after 1,000, $second kB more after another 1,000"
  equal "$(pinned "")" 2 "pins"
  ((second <= 4096)) || fail "the second thousand left $second kB"
  ((second <= first / 2 || second <= 1024)) || fail "the second thousand left $second kB, the first $first: it does not end"
}

another_choice_takes_it_away() {
  exits 2 once "${own[@]}" --switch none
  says "removed the BPF switch"
  says "--switch=none"
  [ ! -e $pins ] || fail "$(ls $pins)"
  holds '.smc == 0' in_pod A smc-switch sockets 1
  exits 0 once "${own[@]}"
  switch_on A
}

uninstall_takes_it_away() {
  holds '.tcp == 0' in_pod A smc-switch sockets 1
  exits 0 smc-node-agent uninstall
  says "removed the BPF switch"
  [ ! -e $pins ] || fail "$(ls $pins)"
  holds '.smc == 0 and .tcp > 0' in_pod A smc-switch sockets 1
  exits 0 smc-node-agent uninstall
  says "nothing of its own"
}

without_bpffs() {
  umount /sys/fs/bpf
  exits 2 once "${own[@]}"
  says "/sys/fs/bpf is no BPF file system"
  says "mount -t bpf"
  mount -t bpf bpf /sys/fs/bpf
}

row "the agent's plan changes nothing" plan_changes_nothing
row "one round attaches the switch, a second changes nothing" one_round_attaches
row "a pod does the rest and waits for the agent; in time verified, else not_switched" pod_waits_for_the_agent
row "check and status say which switch is in force" check_and_status_say_so
row "--switch is kept" choices
row "nc and nc, unmodified: SMC-R" netcat_is_smcr
row "python3 and python3, unmodified: SMC-R" python_is_smcr
row "a namespace that is not on the list, and the node's own, stay TCP" outside_stays_tcp
row "datagrams, IPv6 and unix sockets stay what they are; MPTCP becomes SMC" others_stay
row "agent killed, started, replaced by another version: no socket is TCP" no_socket_is_missed
row "a thousand namespaces come and go, twice: list, pins and kernel memory as before" a_thousand_come_and_go 1000
row "another choice takes the switch away" another_choice_takes_it_away
row "uninstall takes it away" uninstall_takes_it_away
row "no BPF file system: exit 2 and how to mount one" without_bpffs

smc-node-agent uninstall >/dev/null
# shellcheck disable=SC2086 # one word for each
kill $pauses
node_down
