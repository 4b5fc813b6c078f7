# Sourced in the test machine: the node agent at work, and what it tells.
# shellcheck shell=bash disable=SC2154,SC2034 # variables of lib/ and for scenarios

agent_address=127.0.0.1/9465

# agent_up PERIOD [FLAG]...: the agent until the row ends; its first round is over when this returns.
agent_up() {
  start agent smc-node-agent run --listen "${agent_address/\//:}" --period "$@"
  agent_pid=$last_pid
  eventually 30 metrics_say 'map(select(.name == "smc_node_rounds_total").value) | add > 0'
}

# http PATH: the answer's head and body.
http() {
  local connection
  exec {connection}<>"/dev/tcp/$agent_address"
  printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&"$connection"
  cat <&"$connection"
  exec {connection}>&-
}

# Every sample of /metrics as an object of its labels, its name and its value.
metrics() {
  http /metrics | jq -ncR '[inputs | capture("^(?<name>[a-z_]+)([{](?<labels>.*)[}])? (?<value>[0-9.e+-]+)\r?$") |
    ([.labels // "" | scan("([a-z_]+)=\"([^\"]*)\"") | {key: .[0], value: .[1]}] | from_entries) +
    {name, value: (.value | tonumber)}]'
}

# metrics_say FILTER: the jq filter holds of them.
metrics_say() { metrics | jq -e "$1" >/dev/null; }

# What the kernel's tables say of the node's half.
device_has() { smc-look devices | jq -e --arg device "$1" --arg pnetid "$2" \
  'any(.name == $device and .pnetid == $pnetid)' >/dev/null; }
node_has_ueid() { smc-look ueids | jq -e --arg ueid "$1" 'index($ueid)' >/dev/null; }

# containers_up LETTER CGROUP: from here on that pod's programs run in this control group, and one of them keeps its
# namespace in sight, as a pod's pause container does.
containers_up() {
  mkdir -p "/sys/fs/cgroup/$2" /run/pods
  ln -sfn "/sys/fs/cgroup/$2" "/run/pods/$1"
  in_pod "$1" sleep infinity &
  echo $! >"/run/pods/$1.pause"
}

containers_down() {
  local pause
  pause=$(cat "/run/pods/$1.pause")
  kill "$pause"
  wait "$pause" || true
  rm "/run/pods/$1" "/run/pods/$1.pause"
}
