# shellcheck shell=bash disable=SC2154 # $here is ../machine's
# Sourced in a node: containerd and the kubelet, configured and started as a distribution's packages would do it.

node_runtime() { # N
  local n=$1 pid controller
  echo "node$n" | tee /etc/hostname > /proc/sys/kernel/hostname
  printf '127.0.0.1 localhost\n10.245.0.%s node%s\n' $((10 + n)) "$n" > /etc/hosts
  : > /etc/resolv.conf
  echo 'root:x:0:0:root:/root:/bin/sh' > /etc/passwd # the kubelet looks for a user of its own name there, for user namespaces
  echo 'root:x:0:' > /etc/group
  tr -d - < /proc/sys/kernel/random/uuid > /etc/machine-id
  # The root is an overlay, upon which containerd could lay none of its own.
  mount -t tmpfs lib /var/lib
  mkdir -p /var/lib/{containerd,kubelet,cni} /etc/containerd/certs.d/"$REGISTRY" /etc/kubernetes /var/log/{pods,containers}
  # The controllers of a group are handed on only where no process is in it. Threads of the kernel cannot be moved, and need
  # not be.
  mkdir -p /sys/fs/cgroup/init
  while read -r pid; do echo "$pid" > /sys/fs/cgroup/init/cgroup.procs; done < /sys/fs/cgroup/cgroup.procs 2>/dev/null || true
  for controller in $(< /sys/fs/cgroup/cgroup.controllers); do echo "+$controller" > /sys/fs/cgroup/cgroup.subtree_control; done
  keep_bandwidth_control
  mount --make-rshared /
  cni_configuration "$n"
  containerd_configuration
  kubelet_configuration "$n"
}

# The kernel writes its scheduler's code anew when the first limit on processors comes and when the last one goes. Under
# emulation another processor may meet the breakpoint of that work and panic ("Oops: int3", update_cfs_group). A limit
# that stays has it happen once, before there is any load.
keep_bandwidth_control() {
  mkdir -p /sys/fs/cgroup/limited
  echo '100000 100000' > /sys/fs/cgroup/limited/cpu.max
}

cni_configuration() { # N
  mkdir -p /etc/cni/net.d
  cat > /etc/cni/net.d/10-e2e.conflist <<JSON
{"cniVersion": "0.4.0", "name": "e2e", "plugins": [
  {"type": "bridge", "bridge": "pods", "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.244.$1.0/24", "gateway": "10.244.$1.1"}]],
    "routes": [{"dst": "0.0.0.0/0"}]}}]}
JSON
}

# The package's own, and what this cluster needs: no snapshotter but that of overlays, and the registry, which has no TLS.
# containerd 1.6 takes no hosts.toml that has a `server` alone.
containerd_configuration() {
  cat > /etc/containerd/config.toml <<TOML
version = 2
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$REGISTRY/pause:1"
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"
TOML
  cat > "/etc/containerd/certs.d/$REGISTRY/hosts.toml" <<TOML
[host."http://$REGISTRY"]
  capabilities = ["pull", "resolve"]
TOML
}

kubelet_configuration() { # N
  cat > /etc/kubernetes/kubelet.yaml <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: false}, x509: {clientCAFile: $E2E_DIR/pki/ca.crt}}
authorization: {mode: AlwaysAllow}
tlsCertFile: $E2E_DIR/pki/node$1.crt
tlsPrivateKeyFile: $E2E_DIR/pki/node$1.key
cgroupDriver: cgroupfs
failSwapOn: false
makeIPTablesUtilChains: false
resolvConf: ""
clusterDNS: [10.96.0.10]
nodeStatusUpdateFrequency: 2s
imageGCHighThresholdPercent: 100
evictionHard: {nodefs.available: 150Mi}
evictionPressureTransitionPeriod: 10s
YAML
}

start_containerd() {
  containerd >> "$E2E_DIR/logs/containerd-node$n.log" 2>&1 &
  echo $! > /run/containerd.test-pid
  wait_for 180 ctr version # beside what else a busy machine does
}

# The image of pods' sandboxes, which the kubelet has no Secret for, is part of a node's image.
sandbox_image() {
  ctr --namespace k8s.io images pull --plain-http --user "$REGISTRY_USER:$REGISTRY_PASSWORD" "$REGISTRY/pause:1" >/dev/null
}

# What differs by version is asked of the kubelet.
kubelet_options() {
  local help
  help=$(kubelet --help)
  options=(--config=/etc/kubernetes/kubelet.yaml --kubeconfig="$here/kubeconfig" --v=2
    --container-runtime-endpoint=unix:///run/containerd/containerd.sock --node-ip="10.245.0.$((10 + n))" --hostname-override="node$n")
  # old ones ran containers by Docker unless told not to
  [[ $help != *"--container-runtime string"* ]] || options+=(--container-runtime=remote)
  # what the kubelet must not remove when the disk is full; newer runtimes say so themselves
  [[ $help != *"--pod-infra-container-image "* ]] || options+=(--pod-infra-container-image="$REGISTRY/pause:1")
}

start_kubelet() {
  local options
  kubelet_options
  kubelet "${options[@]}" >> "$E2E_DIR/logs/kubelet-node$n.log" 2>&1 &
  echo $! > /run/kubelet.test-pid
}

stop_daemon() { # NAME: as its service manager would
  local pid
  pid=$(< "/run/$1.test-pid")
  kill "$pid"
  wait_for 60 bash -c "! kill -0 $pid"
}

wait_for() { # SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || { echo "waited in vain: $*" >&2; return 1; }
    sleep 0.2
  done
}
