# istio's own rules between two nodes, a sidecar's and ambient mode's: proxy to proxy on SMC-R, unmodified programs
[ -e "$E2E_DIR/istio" ] || {
  not_run "istio's redirects between nodes" "ISTIO=DIR names no clone of its repository"
  exit 0
}
start_server apps node1
pod client busybox:1 '["sleep", "3600"]' node2 | kubectl -n apps create -f -
kubectl -n apps wait --for=condition=Ready pod/client --timeout=120s
server=$(uid_of apps server) client=$(uid_of apps client)

in_server() { on_node node1 in_pod "$server" "$@"; }
in_client() { on_node node2 in_pod "$client" "$@"; }
load() { # SECONDS FLAG...: as a program of the client's pod
  in_client smc-bench load "http://$address:8080/echo" --qps 40 --connections 4 --duration "${1}s" "${@:2}"
}

# proxy NODE POD-UID PORT [COMMAND...]: in that pod's network, by that command; connections come in and go out by the switch
proxy() {
  local node=$1 uid=$2 port=$3
  shift 3
  # shellcheck disable=SC2016 # the variables are the node's
  on_node "$node" eval 'pid=$(pids_of '"$uid"' | head -1)
    [ ! -e /run/proxy.pid ] || { kill "$(< /run/proxy.pid)"; rm /run/proxy.pid; }
    nsenter --net="/proc/$pid/ns/net" '"$*"' smc-proxy '"$port"' tcp tcp > /run/proxy.out 2>&1 & echo $! > /run/proxy.pid'
  await 60 "the proxy on $node listens" on_node "$node" grep -q listening /run/proxy.out
}
# As the user whom istio's rules let go; a loop ends at its open files. The folder with the programs is root's.
client_sidecar() {
  local rights=+net_admin,+dac_read_search
  proxy node2 "$client" 15001 setpriv --reuid=1337 --regid=1337 --clear-groups --inh-caps=$rights --ambient-caps=$rights \
    prlimit --nofile=64
}

# What comes to the server's proxy. sock_diag tells the ports of switched sockets alone.
between_proxies() {
  on_node node1 connections "$server" '(.local | endswith(":15006"))' | jq -c 'group_by(.mode) | map({key: .[0].mode, value: length}) | from_entries'
}
four_between_proxies() { [ "$(between_proxies)" = '{"smcr":4}' ]; }
export -f four_between_proxies between_proxies
export server

# The application's own hop, to its proxy, is TCP.
proxies_on_smcr() {
  load 20 --expect tcp > "$SCENARIO_DIR/load" &
  await 30 "four connections between the proxies are SMC-R" four_between_proxies
  wait $! || fail "the load: $(cat "$SCENARIO_DIR/load")"
}

in_client nft -f "$E2E_DIR/istio/sidecar-outbound"
in_server nft -f "$E2E_DIR/istio/sidecar-inbound"
proxy node1 "$server" 15006
client_sidecar
if load 3; then fail "a connection that goes round in a loop was answered"; fi
seen=$(on_node node2 grep -c : /run/proxy.out)
((seen > 10)) || fail "$seen connections of the client's proxy"
in_client nft insert rule inet istio-proxy-nat istio-output meta mark 1337 return
client_sidecar
proxies_on_smcr

in_client nft flush ruleset
in_server nft flush ruleset
in_client nft -f "$E2E_DIR/istio/ambient"
in_server nft -f "$E2E_DIR/istio/ambient"
proxy node1 "$server" 15006
proxy node2 "$client" 15001
proxies_on_smcr
figure "sidecar: by user id a loop of $seen connections, by mark SMC-R; ambient: SMC-R"
for node in node1 node2; do on_node $node eval 'kill $(< /run/proxy.pid); rm /run/proxy.pid'; done
kubectl -n apps delete pod server client
