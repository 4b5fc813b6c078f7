# (f) Paths between pods that are not straight: a service address, and a mesh's sidecars.
# shellcheck shell=bash disable=SC2154 # variables of lib/

service_address=10.96.0.10
# shellcheck source=test/e2e-kernel/lib/proxies.sh
. /job/lib/proxies.sh

node_with_two_pods

# What kube-proxy does on a node: the service's address becomes the pod's, and br_netfilter lets the answer, which
# only crosses the bridge, be translated back.
service_up() {
  modprobe br_netfilter
  sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1
  ip addr add 10.9.0.1/32 dev br0
  # The pods' addresses are local to this node for SMC's sake: what the node forwards to them goes to the bridge.
  ip rule add pref 100 lookup local
  ip rule del pref 0 lookup local
  ip rule add pref 50 iif br0 to 10.9.1.8/29 lookup 500
  ip route add 10.9.1.8/29 dev br0 table 500
  sysctl -qw net.ipv4.conf.br0.accept_local=1
  nft -f - <<NFT
table ip services {
  chain prerouting {
    type nat hook prerouting priority dstnat
    ip daddr $service_address tcp dport 80 dnat to $(pod_address B):5000
  }
}
NFT
}

service_down() {
  nft delete table ip services
  sysctl -qw net.bridge.bridge-nf-call-iptables=0
  ip rule add pref 0 lookup local
  ip rule del pref 100
  ip rule del pref 50
  ip addr del 10.9.0.1/32 dev br0
}

through_a_service_address() {
  serve B smc
  hold A smc "$service_address:80" --requests 100
  holds "length == 1 and .[0].mode == \"smcr\" and .[0].peer == \"$service_address:80\"" connections A
  holds 'length == 1 and .[0].mode == "smcr"' connections B
  note "client sees $service_address:80, server $(connections B | jq -r '.[0].local')"
}

# redirects_up CONDITION: what a mesh's init container sets up, outbound connections to 15001, inbound ones to 15006.
redirects_up() {
  in_pod A nft -f - <<NFT
table ip mesh {
  chain output {
    type nat hook output priority -100
    $1 tcp dport 5000 redirect to :15001
  }
}
NFT
  in_pod B nft -f - <<NFT
table ip mesh {
  chain prerouting {
    type nat hook prerouting priority dstnat
    tcp dport 5000 redirect to :15006
  }
}
NFT
}

redirects_down() {
  in_pod A nft delete table ip mesh
  in_pod B nft delete table ip mesh
}

through_two_sidecars() {
  redirects_up "meta mark != $proxy_mark"
  proxy A 15001
  proxy B 15006
  serve B smc
  hold A smc "$(pod_address B):5000" --requests 100
  equal "$(tail -1 /tmp/proxy-A.out)" "$(pod_address B):5000" "the first proxy's destination"
  equal "$(tail -1 /tmp/proxy-B.out)" "$(pod_address B):5000" "the second proxy's destination"
  note "A: $(hops A); B: $(hops B)"
  # From pod to pod there is one socket at each end, and both are SMC-R.
  holds "map(select(.local | startswith(\"$(pod_address A)\"))) | length >= 1 and any(.mode == \"smcr\")" connections A
  holds "map(select(.peer | startswith(\"$(pod_address A)\"))) | length == 1 and .[0].mode == \"smcr\"" connections B
  redirects_down
}

# The kernel opens the TCP socket below an SMC socket for itself: it belongs to no user, so that a mesh that tells its
# proxy's connections by user id sees none of either's. Programs that ask for SMC then pass the proxy by.
user_ids_are_not_seen() {
  redirects_up "meta skuid != $proxy_user"
  proxy A 15001
  proxy B 15006
  serve B tcp
  ask A tcp "$(pod_address B):5000"
  equal "$(tail -1 /tmp/proxy-A.out)" "$(pod_address B):5000" "the destination of a TCP socket"
  hold A smc "$(pod_address B):5000"
  equal "$(grep -c : /tmp/proxy-A.out)" 1 "connections that the proxy got"
  redirects_down
  note "redirect by mark, not by user id"
}

# As Istio's init container writes them, in its order and with nothing but what such a connection meets: the proxy's own
# connections are let go by its user.
istio_redirects_up() {
  redirects_up "meta skuid $proxy_user return; ip daddr 127.0.0.1 return;"
}

an_exemption_by_user_is_a_loop() {
  istio_redirects_up
  proxy B 15006
  serve B tcp
  loops_by_user "ip mesh" output
  note "1 connection of the proxy over TCP, $seen over SMC"
  redirects_down
}

service_up
row "a client that reaches the server through a service address" through_a_service_address
service_down
row "both pods behind a sidecar's proxy: proxy to proxy is SMC-R" through_two_sidecars
row "a redirect by user id does not see SMC sockets, one by mark does" user_ids_are_not_seen
row "a sidecar that is exempt by user id: its SMC connections come back to it; by mark they do not" an_exemption_by_user_is_a_loop

node_down
