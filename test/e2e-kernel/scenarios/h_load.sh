# (h) Load: every byte that goes out comes back, over SMC-R alone.
# shellcheck shell=bash disable=SC2154 # variables of lib/

node_with_two_pods

# load CONNECTIONS FLAG...: 10 s of it, none lost and none fallen back.
load() {
  local connections=$1
  shift
  serve B smc
  hold A smc "$(pod_address B):5000" --connections "$connections" --seconds 10 "$@"
  holds "length == $connections and all(.mode == \"smcr\")" connections A
  holds '. == []' in_pod A smc-look fallbacks
  holds '. == []' in_pod B smc-look fallbacks
}

small_requests() {
  load 20 --size 128
  note "$(jq -r '"\(.answered) answered, none lost, P50 \(.p50_us) us, P99 \(.p99_us) us"' /tmp/client-A.out)"
}

full_rate() {
  load 64 --size 16384 --stream
  note "$(jq -r '"\(.bytes / 1000000 | floor) MB came back, none lost"' /tmp/client-A.out)"
}

row "20 connections of 128-byte requests for 10 s" small_requests
row "64 connections at full rate for 10 s" full_rate

node_down
