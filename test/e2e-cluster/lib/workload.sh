# shellcheck shell=bash
# Workloads of the scenarios: programs that open TCP sockets and know nothing of SMC, in the shape that a namespace of Pod
# Security level restricted demands.

BENCH=smc-bench:$(sed -n 's/^appVersion: *//p' "$CHART/Chart.yaml")

# pod NAME IMAGE ARGUMENTS NODE [JQ-FILTER]: an annotated pod, its arguments a JSON list, on that node
pod() {
  # shellcheck disable=SC2016 # the variables are jq's
  annotated_pod '.metadata.name = $name | .metadata.labels.app = $name
    | .spec.nodeSelector["kubernetes.io/hostname"] = $node | .spec.restartPolicy = "Never" | .spec.terminationGracePeriodSeconds = 1
    | .spec.securityContext = {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: "RuntimeDefault"}}
    | .spec.containers[0] |= (.image = $image | .args = $arguments
      | .securityContext = {allowPrivilegeEscalation: false, capabilities: {drop: ["ALL"]}})' \
    --arg name "$1" --arg image "$REGISTRY/$2" --argjson arguments "$3" --arg node "$4" |
    jq "${5:-.}"
}

# start_server NAMESPACE NODE [JQ-FILTER]: the pod `server`, ready and alone there, its address in $address. Its probe is
# the kubelet's, which has no SMC.
start_server() {
  kubectl -n "$1" delete pods --all # of a scenario that failed
  pod server "$BENCH" '["server", "--listen", "0.0.0.0:8080"]' "$2" ".spec.containers[0].readinessProbe =
    {httpGet: {path: \"/echo\", port: 8080}, periodSeconds: 2, timeoutSeconds: 5} | ${3:-.}" | kubectl -n "$1" create -f -
  kubectl -n "$1" wait --for=condition=Ready pod/server --timeout=300s
  address=$(address_of "$1" server)
}

# start_load NAMESPACE NAME NODE SECONDS [JQ-FILTER]: a pod that asks the server; it ends with 0 only where all of it ran
# over SMC-R
start_load() {
  pod "$2" "$BENCH" "$(jq -nc --arg url "http://$address:8080/echo" --arg duration "${4}s" '["load", $url, "--qps", "100",
    "--connections", "4", "--warm-up", "2s", "--expect", "smc-r", "--duration", $duration]')" "$3" "${5:-.}" | kubectl -n "$1" create -f -
}

phase() { # NAMESPACE POD
  kubectl -n "$1" get pod "$2" -o jsonpath='{.status.phase}'
}
in_phase() { # NAMESPACE POD PATTERN
  [[ "$(phase "$1" "$2")" =~ ^($3)$ ]]
}
export -f phase in_phase # for the commands of `await`

load_runs() { # NAMESPACE NAME
  await 300 "$2 runs" in_phase "$1" "$2" Running
}

# hold_load NAMESPACE NAME NODE [JQ-FILTER]: a load that runs until end_load, however slow the machine is; at most half an hour
hold_load() {
  start_load "$1" "$2" "$3" 1800 "${4:-.}"
  load_runs "$1" "$2"
}

# end_load NAMESPACE NAME NODE: it says what carried it so far, and that was SMC-R alone
end_load() {
  in_phase "$1" "$2" Running || fail "$2 has ended by itself: $(phase "$1" "$2")"
  signal_bench "$3" "$(uid_of "$1" "$2")" TERM
  load_ran_over_smc "$1" "$2"
}

signal_bench() { # NODE POD-UID SIGNAL
  # shellcheck disable=SC2016 # the variables are the node's
  on_node "$1" eval 'for pid in $(pids_of '"$2"'); do [ "$(< "/proc/$pid/comm")" != smc-bench ] || kill -'"$3"' "$pid"; done'
}

load_ran_over_smc() { # NAMESPACE NAME
  await 240 "$2 has ended" in_phase "$1" "$2" 'Succeeded|Failed'
  kubectl -n "$1" logs "$2" -c app
  in_phase "$1" "$2" Succeeded || fail "$2 did not run over SMC-R alone"
}

# set_up NAMESPACE POD MODE: its init container had that mode, and has verified SMC-R
set_up() {
  local object privilege=null
  [ "$3" = agent ] || privilege=true
  object=$(kubectl -n "$1" get pod "$2" -o json)
  equal "$2: privilege of its init container" $privilege "$(jq '.spec.initContainers[0].securityContext.privileged' <<< "$object")"
  equal "$2: its init container's termination message" "verified bpf $PNETID" \
    "$(summary_of "$1" "$2" | jq -r '"\(.result) \(.programs) \(.pnetid)"')"
}

# sockets_of NAMESPACE POD NODE: how many established SMC sockets of each mode, as sock_diag tells them, as {"smcr": 1}
sockets_of() {
  on_node "$3" connections "$(uid_of "$1" "$2")" | jq -c 'group_by(.mode) | map({key: .[0].mode, value: length}) | from_entries'
}
have_four() { # NAMESPACE POD NODE
  [ "$(sockets_of "$@" | jq .smcr)" = 4 ]
}
counted() { # NAMESPACE POD: by its node's agent
  kubectl_smc status "$2" -n "$1" -o json | jq -e '.pods[0].connections["smc-r"] == 4'
}
kubectl_smc() { "$ROOT/build/release/bin/kubectl-smc" "$@"; }
export -f sockets_of have_four counted kubectl_smc

# pair NAMESPACE MODE: a server on node1, loads of it from node2 and node1, and what the kernels and the agents say of them
pair() {
  local namespace=$1 mode=$2 node
  start_server "$namespace" node1
  set_up "$namespace" server "$mode"
  for node in node2 node1; do
    hold_load "$namespace" "load-$node" $node
    await 60 "the connections at the load's end" have_four "$namespace" "load-$node" $node
    have_four "$namespace" server node1 || fail "the server's sockets: $(sockets_of "$namespace" server node1)"
    await 60 "kubectl smc status shows the connections" counted "$namespace" "load-$node"
    end_load "$namespace" "load-$node" $node
    set_up "$namespace" "load-$node" "$mode"
  done
  figure "$(kubectl -n "$namespace" logs load-node2 -c app | grep -o '[0-9]* of [0-9]* connections SMC-R.*')"
  kubectl -n "$namespace" delete pod server load-node1 load-node2
}
