# shellcheck shell=bash
# Sourced in a node that is a virtual machine: what scenarios ask of it by on_node (machines.sh), and how it answers.

# pids_of POD-UID: of the pod's containers
pids_of() { cat /sys/fs/cgroup/kubepods/{,*/}"pod$1"/*/cgroup.procs 2>/dev/null || true; } # some have a group of their QoS class above

# in_pod POD-UID COMMAND...: in that pod's network namespace, for the functions of test/e2e-kernel
in_pod() {
  local pid
  pid=$(pids_of "$1" | head -1)
  shift
  nsenter --net="/proc/$pid/ns/net" "$@"
}

# cpu_of POD-UID: hundredths of a second that its processes have used
cpu_of() {
  local pid fields sum=0
  for pid in $(pids_of "$1"); do
    read -ra fields <"/proc/$pid/stat"
    sum=$((sum + fields[13] + fields[14]))
  done
  echo $sum
}

# answer NAME: runs NAME.run with the functions above; its end is NAME.status
answer() {
  local status=0
  (
    set -euo pipefail
    # shellcheck source=/dev/null
    . "$1.run"
  ) >"$1.out" 2>"$1.err" </dev/null &
  wait $! || status=$?
  echo $status >"$1.done"
  mv "$1.done" "$1.status"
}

# answer_while FOLDER COMMAND...: answers what is asked in FOLDER as long as COMMAND succeeds
answer_while() {
  local folder=$1 ask
  shift
  shopt -s nullglob
  while "$@" 2>/dev/null; do
    for ask in "$folder"/*.sh; do
      mv "$ask" "${ask%.sh}.run"
      answer "${ask%.sh}" &
    done
    sleep 0.2
  done
}
