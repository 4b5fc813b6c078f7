# shellcheck shell=bash disable=SC2034,SC2154 # variables of the other files here
# A mesh's proxies in the pods A and B of one node: outbound connections come to 15001, inbound ones to 15006.

proxy_mark=1337 # of the proxy's own connections, which are not redirected; 0x539
proxy_user=1337 # whom a sidecar's proxy runs as

# proxy POD PORT
proxy() {
  start "proxy-$1" in_pod "$1" smc-proxy "$2" smc smc
  eventually 60 grep -q listening "/tmp/proxy-$1.out"
}

# istio_proxy CONNECT-KIND: in pod A and as the user that the rules name, in place of the last one. A loop ends at its
# open files.
istio_proxy() {
  if [ -n "${istio_proxy_pid:-}" ]; then
    kill "$istio_proxy_pid"
    wait "$istio_proxy_pid" || (($? > 128)) # the signal
  fi
  start proxy-A in_pod A setpriv --reuid=$proxy_user --regid=$proxy_user --clear-groups --inh-caps=+net_admin \
    --ambient-caps=+net_admin prlimit --nofile=64 smc-proxy 15001 tcp "$1"
  istio_proxy_pid=$last_pid
  eventually 60 grep -q listening /tmp/proxy-A.out
}

# loops_by_user TABLE CHAIN: rules in pod A let the proxy's own connections go by its user id. Over TCP there is one, over
# SMC, which that rule does not match, one more for each; and one again with a rule by mark in front, which holds for both.
# How many there were in the loop is in $seen.
loops_by_user() {
  istio_proxy tcp
  ask A tcp "$(pod_address B):5000"
  equal "$(grep -c : /tmp/proxy-A.out)" 1 "connections of the proxy, over TCP"
  istio_proxy smc
  if ask A tcp "$(pod_address B):5000"; then fail "a connection that goes round in a loop was answered"; fi
  seen=$(grep -c : /tmp/proxy-A.out)
  ((seen > 10)) || fail "$seen connections of the proxy, over SMC"
  # shellcheck disable=SC2086 # a table is a family and a name
  in_pod A nft insert rule $1 "$2" meta mark $proxy_mark return
  istio_proxy smc
  hold A tcp "$(pod_address B):5000" --requests 100
  equal "$(grep -c : /tmp/proxy-A.out)" 1 "connections of the proxy, over SMC and by mark"
}

# Every hop with its mode.
hops() { connections "$1" | jq -r '[.[] | "\(.local) > \(.peer) \(.mode)"] | join(", ")'; }
