# (m) Istio's own redirects: the rules that its init container and its CNI plug-in write to nftables, below /job/istio.
# shellcheck shell=bash disable=SC2154 # variables of lib/
# shellcheck source=test/e2e-kernel/lib/proxies.sh
. /job/lib/proxies.sh

node_with_two_pods

rules_down() {
  in_pod A nft flush ruleset
  in_pod B nft flush ruleset
}

# between_pods_smcr POD: of its connections the one to or from the other pod's own port is SMC-R
between_pods_smcr() {
  holds "map(select((.local | startswith(\"$(pod_address A)\")) != (.peer | startswith(\"$(pod_address A)\"))
    and ((.local + .peer) | contains(\"$(pod_address B)\"))))
    | map(select(.mode == \"smcr\")) | length >= 1" connections "$1"
}

# The proxy of the other side is root here: Envoy's own connections within its pod come from 127.0.0.6, this one's do not.
sidecars() {
  in_pod A nft -f /job/istio/sidecar-outbound
  in_pod B nft -f /job/istio/sidecar-inbound
  start proxy-B in_pod B smc-proxy 15006 smc tcp
  eventually 60 grep -q listening /tmp/proxy-B.out
  serve B tcp
  loops_by_user "inet istio-proxy-nat" istio-output
  between_pods_smcr A
  between_pods_smcr B
  note "by user id: 1 connection over TCP, $seen over SMC; with a rule by mark in front 1, over SMC-R"
  rules_down
}

# ztunnel is a process of the node whose sockets are the pods', and marks its own.
ambient() {
  in_pod A nft -f /job/istio/ambient
  in_pod B nft -f /job/istio/ambient
  proxy A 15001
  proxy B 15006
  serve B tcp
  hold A tcp "$(pod_address B):5000" --requests 100
  equal "$(grep : /tmp/proxy-A.out | sort -u)" "$(pod_address B):5000" "the first proxy's destination"
  equal "$(grep : /tmp/proxy-B.out | sort -u)" "$(pod_address B):5000" "the second proxy's destination"
  between_pods_smcr A
  between_pods_smcr B
  note "A: $(hops A); B: $(hops B)"
  rules_down
}

row "istio's sidecar rules: its proxy's SMC connections loop by user id, are SMC-R by mark" sidecars
row "istio's ambient rules: proxy to proxy is SMC-R" ambient

node_down
