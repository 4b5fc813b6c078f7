# shellcheck shell=bash
# Clusters on this machine, each in network, mount and PID namespaces of its own: nothing that one starts is seen
# outside, and all of it ends with it. A `run` sets HERE (this test's folder), ROOT and RUN (itself), and calls
# run_clusters, which calls RUN again as `--inside SCENARIO...`, process 1 of a cluster's namespaces. Needs root.
# A run that failed leaves logs in build/TARGET; KEEP=1 keeps the clusters' folders whole; SHELL_AT_END=1 opens a shell in
# the cluster before it goes. KUBE_BIN=DIR: the kube-apiserver, kube-controller-manager and kube-scheduler there, and etcd
# and kubectl where they are there, in place of Kubernetes 1.20.
# shellcheck source=test/e2e-kube/lib/report.sh
. "$HERE/lib/report.sh"

# The folder of control groups for a cluster; not every machine lets us make one. "0", since in a trap a bare return gives
# the status of what was before the trap.
cgroup_of() { # DIR
  local mount
  for mount in /sys/fs/cgroup/unified /sys/fs/cgroup; do
    if [ -e $mount/cgroup.procs ]; then echo "$mount/${1##*/}" && return 0; fi
  done
}

# cluster DIR SCENARIO...: all of it in one cluster, whose folder is DIR, in place of this shell.
cluster() {
  export E2E_DIR=$1 E2E_CGROUP
  E2E_CGROUP=$(cgroup_of "$E2E_DIR")
  shift
  if [ -n "$E2E_CGROUP" ] && ! mkdir "$E2E_CGROUP"; then E2E_CGROUP=; fi
  exec unshare --mount --net --pid --fork --kill-child --mount-proc "$RUN" --inside "$@"
}

# run_clusters TARGET PACKAGES PLAN...: a cluster for each plan (names of scenarios), side by side, and one table. Ends
# the run.
run_clusters() {
  local target=$1 packages=$2 plan dir pid status=0
  shift 2
  [ "$(id -u)" = 0 ] || {
    echo "namespaces of its own need root. hint: sudo make $target" >&2
    exit 1
  }
  # shellcheck disable=SC2086 # names of groups
  "$ROOT/scripts/install-packages" $packages
  PATH=$("$ROOT/scripts/fetch-kube-tools"):$PATH
  if [ -n "${KUBE_BIN:-}" ]; then
    CONTROL_PLANE=$(given_control_plane "$KUBE_BIN")
    PATH=$CONTROL_PLANE:$PATH
  else
    CONTROL_PLANE=$("$HERE/build-control-plane")
  fi
  [ -x "$ROOT/build/release/bin/smc-webhook" ] || {
    echo "build/release/bin/smc-webhook is missing. hint: make $target builds it first" >&2
    exit 1
  }
  export PATH CONTROL_PLANE

  trap clean_up EXIT
  SECONDS=0
  for plan in "$@"; do
    dir=$(mktemp -d "/tmp/smc-$target.XXXXXX")
    dirs+=("$dir")
    # shellcheck disable=SC2086 # names of scenarios
    if [ -n "${SHELL_AT_END:-}" ]; then
      (cluster "$dir" $plan) || status=1 # in the foreground: it wants the terminal
    else
      cluster "$dir" $plan &
      running+=($!)
    fi
  done
  for pid in ${running[@]+"${running[@]}"}; do wait "$pid" || status=1; done
  running=()
  print_table "${dirs[@]}" || status=1
  [ $status = 0 ] || keep_logs "$ROOT/build/$target"
  exit $status
}

keep_logs() { # FOLDER: there, what the clusters' programs and scenarios wrote; a cluster's own folder goes with the run
  local dir part
  rm -rf "$1"
  for dir in "${dirs[@]}"; do
    mkdir -p "$1/${dir##*.}"
    for part in logs scenarios; do # a cluster that did not come up has none
      [ ! -d "$dir/$part" ] || cp -r "$dir/$part" "$1/${dir##*.}/"
    done
  done
  echo "logs of the programs and the scenarios: $1"
}

given_control_plane() { # DIR: its full name, once all is there
  local program
  for program in kube-apiserver kube-controller-manager kube-scheduler; do
    [ -x "$1/$program" ] || {
      echo "KUBE_BIN: $1/$program is no program. hint: the three programs of one Kubernetes belong there" >&2
      return 1
    }
  done
  readlink -f "$1"
}

dirs=() running=() # of the clusters
# shellcheck disable=SC2317 # the trap calls it
clean_up() {
  local pid dir cgroup
  for pid in ${running[@]+"${running[@]}"}; do
    # unshare keeps other signals from itself; its child, process 1 of the cluster, goes with it
    if kill -KILL "$pid" 2>/dev/null; then wait "$pid" 2>/dev/null || true; fi
  done
  for dir in ${dirs[@]+"${dirs[@]}"}; do
    cgroup=$(cgroup_of "$dir")
    if [ -d "$cgroup" ]; then find "$cgroup" -depth -type d -exec rmdir {} \;; fi
  done
  if [ -n "${KEEP:-}" ]; then echo "kept: ${dirs[*]}"; else rm -rf "${dirs[@]}"; fi
}

# The first thing inside: the shell is process 1; when it ends, so does everything else in the namespaces.
enter_cluster() {
  local file
  trap 'exit 130' INT TERM
  for file in control_plane nodes release agent bench load certificates decisions; do
    # shellcheck source=/dev/null
    . "$HERE/lib/$file.sh"
  done
  mount -t tmpfs tmpfs /run
  mkdir -p "$E2E_DIR"/{logs,pods,scenarios}
  export HOME=$E2E_DIR KUBECACHEDIR=$E2E_DIR/discovery # kubectl's and helm's own files
  : > "$E2E_DIR/not_run"
  ip link set lo up
}

# run_scenarios FOLDER NAME...: the last thing inside
run_scenarios() {
  local folder=$1 scenario
  shift
  for scenario in "$@"; do run_scenario "$folder/${scenario%.sh}.sh"; done
  [ -z "${SHELL_AT_END:-}" ] || bash -i
  ! grep -qv $'\tpass\t' "$E2E_DIR/table"
}
