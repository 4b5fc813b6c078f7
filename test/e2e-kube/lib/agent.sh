# shellcheck shell=bash
# The node agents. No node here has an RDMA device: smc-node-agent-played is the agent's own program on a kernel that
# is played (played_kernel.cc says what of it is real), and the functions here are that kernel's other side.

export KERNEL_DIR=$E2E_DIR/kernel
mkdir -p "$KERNEL_DIR"

# Quicker than the defaults: a round a second, the label on after two and off after three, the Node read every two.
AGENT_ARGS='--period=1,--label-after=2,--unlabel-after=3,--node-period=2'

# agents IMAGE [HELM-OPTION...]: the release with agents of that image, ready on every node
agents() {
  local image=$1
  shift
  helm upgrade "$RELEASE" "$CHART" -n "$NAMESPACE" --reuse-values --set agent.enabled=true,agent.image.repository="$image" \
    --set "agent.extraArgs={$AGENT_ARGS}" --set agent.ueid=SMC-E2E \
    --set "agent.extraEnv[0].name=SMC_PLAYED_KERNEL,agent.extraEnv[0].value=/proc/1/root$KERNEL_DIR" \
    --set 'agent.updateStrategy.rollingUpdate.maxUnavailable=100%' "$@" >/dev/null
  kubectl -n "$NAMESPACE" rollout status "daemonset/$RELEASE-smc-webhook-agent" --timeout=60s
}

# kernel NODE JQ-FILTER: changes what the played kernel of that node is like
kernel() {
  local file=$KERNEL_DIR/$1.json
  [ -e "$file" ] || echo '{}' > "$file"
  jq "$2" "$file" > "$file.new"
  mv "$file.new" "$file" # in one step: an agent may be reading
}

# namespace_inode NAMESPACE POD: of the network namespace that its processes really are in
namespace_inode() {
  local uid pids
  uid=$(kubectl -n "$1" get pod "$2" -o jsonpath='{.metadata.uid}')
  pids=$(find "$E2E_CGROUP" -path "*/pod$uid/*" -name cgroup.procs -exec cat {} +)
  stat -L -c %i "/proc/$(head -1 <<< "$pids")/ns/net"
}

label_of() { # NODE: "true", or nothing
  kubectl get node "$1" -o json | jq -r --arg key "$PREFIX/erdma" '.metadata.labels[$key] // ""'
}

words_of() { # NODE: what the agent says of it
  kubectl get node "$1" -o json | jq -r --arg key "$PREFIX/node" '.metadata.annotations[$key] // ""'
}

labelled() { # NODE
  [ "$(label_of "$1")" = true ]
}

not_labelled() { # NODE
  local label
  label=$(label_of "$1") && [ -z "$label" ]
}

agent_metrics() { # NODE
  curl -sf "http://10.245.0.$((10 + ${1#node})):9465/metrics"
}

agent_shows() { # NODE TEXT: a line of its metrics holds the text
  local metrics
  metrics=$(agent_metrics "$1") && grep -qF -- "$2" <<< "$metrics"
}

agent_shows_no() { # NODE TEXT
  local metrics
  metrics=$(agent_metrics "$1") && ! grep -qF -- "$2" <<< "$metrics"
}

# events_of KIND NAME REASON: how many events; words where kubectl could not be asked, which equal no number
events_of() {
  local found
  found=$(kubectl get events -A --field-selector "involvedObject.kind=$1,involvedObject.name=$2,reason=$3" -o name) ||
    { echo "no answer"; return 1; }
  grep -c . <<< "$found" || true
}
has_event() { # KIND NAME REASON
  [ "$(events_of "$@")" -ge 1 ]
}

export -f label_of words_of labelled not_labelled agent_metrics agent_shows agent_shows_no events_of has_event

