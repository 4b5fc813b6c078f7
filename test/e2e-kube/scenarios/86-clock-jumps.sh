# a clock that jumps 40 days ahead, back, and a day into the past, under one of two replicas
# libfaketime stands between the program and its node's clock; steady clocks go on, as the kernel's do.
clock() { # NODE OFFSET: from now on the containers that start there see a wall clock that is off by that
  local folder=$E2E_DIR/clocks/$1
  mkdir -p "$folder"
  echo "$2" > "$folder/new"
  mv "$folder/new" "$folder/now" # in one step: it is read at each look at the clock
}
jump() { # OFFSET
  clock node1 "$1"
  clock node2 "$1"
}
asked() { # null|"jumps": the API server goes to pods of that label alone; null: to all
  kubectl -n "$NAMESPACE" patch service "$RELEASE-smc-webhook" --type=merge -p "{\"spec\": {\"selector\": {\"e2e/clock\": $1}}}"
}
places() { # NODE...: the only ones for new pods
  local node
  for node in node1 node2 node3; do
    if [[ " $* " == *" $node "* ]]; then kubectl uncordon "$node"; else kubectl cordon "$node"; fi
  done
}
cleanup() {
  rm -r "$E2E_DIR/clocks"
  asked null
  places node1 node2 node3
}
webhook_pods() { # "NAME NODE ADDRESS", a pod a line
  kubectl -n "$NAMESPACE" get pods -l app.kubernetes.io/component=webhook -o json | jq -r '
    .items[] | select(.metadata.deletionTimestamp == null) | "\(.metadata.name) \(.spec.nodeName) \(.status.podIP)"'
}
# replace POD NODE...: by one on these nodes, which is $pod at $address then
replace() {
  local old=$1 before node
  shift
  before=$(webhook_pods)
  places "$@"
  sleep 1 # the scheduler's own watch on nodes
  kubectl -n "$NAMESPACE" delete pod --grace-period=1 "$old" # draining is not what this is about
  await 60 "there is a pod in place of $old" two_webhook_pods
  kubectl -n "$NAMESPACE" wait pod -l app.kubernetes.io/component=webhook --for=condition=Ready --timeout=30s
  read -r pod node address < <(webhook_pods | grep -vxF "$before")
  [[ " $* " == *" $node "* ]] || fail "$pod is on $node"
}
# Only the replica whose clock jumps is asked. Its connections to the API server, and the other's, are new: an old one
# would stay in use whatever the Service says.
replace_jumping() { # POD
  replace "$1" node1 node2
  jumping_pod=$pod jumping=$address
  kubectl -n "$NAMESPACE" label pod "$jumping_pod" e2e/clock=jumps
}
await 30 "no pod of a scenario before drains" two_webhook_pods
mapfile -t first < <(webhook_pods | cut -d' ' -f1)
trap cleanup EXIT
jump +0d
asked '"jumps"'
replace_jumping "${first[0]}"
replace "${first[1]}" node3
steady=$address
annotated_pod > "$SCENARIO_DIR/pod.json"
await 60 "the API server asks the replica whose clock jumps" injects

of() { # ADDRESS NAME [LABEL]: a metric of that replica
  curl -sf "http://$1:8080/metrics" | awk -v name="$2" -v label="${3:-}" '
    $1 ~ "^" name "({|$)" && index($0, label) {sum += $NF} END {print sum + 0}'
}
# writes: to Secrets and webhook objects, by the API server's own count; kubectl patches Secrets, which is left out
writes() {
  kubectl get --raw /metrics | awk '/^apiserver_request_total{/ &&
    (/resource="secrets"/ && /verb="(PUT|POST)"/ || /resource="mutatingwebhookconfigurations"/ && /verb="PATCH"/) {sum += $NF}
    END {print sum + 0}'
}
# days_off POD: of the last line of its log, by this machine's clock
days_off() {
  local logged
  logged=$(tail -1 "$E2E_DIR/logs/${NAMESPACE}_$1_smc-webhook.log" | jq -r .time)
  jq -n "($(date -d "$logged" +%s) - $(date +%s)) / 86400 | round"
}
off_by() { # POD DAYS
  [ "$(days_off "$1")" = "$2" ]
}
# trusted ADDRESS: a new connection gets what the API server's caBundle trusts today
trusted() {
  ca_bundle > "$SCENARIO_DIR/bundle.pem"
  openssl s_client -connect "$1:8443" -CAfile "$SCENARIO_DIR/bundle.pem" -verify_return_error \
    -verify_hostname "$RELEASE-smc-webhook.$NAMESPACE.svc" < /dev/null > /dev/null 2> "$SCENARIO_DIR/s_client"
}
look() { # both replicas look at the two objects, and with them at the clock
  kubectl -n "$NAMESPACE" annotate --overwrite secret "$CA_SECRET" "e2e/touched=$EPOCHREALTIME" >/dev/null
  sleep 1
}
answered() { # ADDRESS 0|1
  [ "$(of "$1" smc_webhook_api_up certificates)" = "$2" ]
}
serves() { # WHAT: both replicas are ready, and serve what is trusted
  local address
  for address in "$steady" "$jumping"; do
    curl -sf -o /dev/null "http://$address:8080/readyz" ||
      fail "$1: $address is not ready: $(curl -s "http://$address:8080/readyz")"
    trusted "$address" || fail "$1: $address serves what is not trusted: $(cat "$SCENARIO_DIR/s_client")"
  done
}
holds() { # WHAT: and the API server answers both
  look
  serves "$1"
  answered "$steady" 1 || fail "$1: the API server does not answer the steady replica"
  answered "$jumping" 1 || fail "$1: the API server does not answer the replica whose clock jumps"
}

whole=$(ca_in_secret)
start_load 20
holds "before"
before=$(writes)
cpu=$(of "$jumping" process_cpu_seconds_total) reviews=$(of "$jumping" smc_webhook_reviews_total) began=$SECONDS
for days in 40 0 -1; do # which is 40 days ahead, 40 back, and a day into the past
  jump "$(printf '%+dd' "$days")"
  await 10 "reviews bear the date of the clock that has jumped" off_by "$jumping_pod" "$days"
  holds "$days days off"
done
cpu=$(jq -n "($(of "$jumping" process_cpu_seconds_total) - $cpu) * 1000 | round") seconds=$((SECONDS - began))
reviews=$(($(of "$jumping" smc_webhook_reviews_total) - reviews))
end_load
((reviews > seconds * 10)) || fail "$reviews pods were answered by the replica whose clock jumps"
figure "; $cpu ms of CPU in $seconds s, no write"
((cpu < seconds * 100)) || fail "$cpu ms of CPU in $seconds s"

# one that starts with a wrong clock
jump +40d
replace_jumping "$jumping_pod"
await 60 "the API server asks the new one" injects
equal "days that the new replica's clock is ahead" 40 "$(days_off "$jumping_pod")"
holds "started 40 days ahead"
jump +0d
holds "its clock put right"
equal "writes to the Secret and caBundle" 0 "$(($(writes) - before))"
[ "$(ca_in_secret)" = "$whole" ] || fail "the CA is another one"

# the API server's certificate had not begun by that clock: no connection to it can be opened
jump -1d
stop_api_server kube-apiserver
start_api_server
await_api_server "$API_PORT"
await 30 "the steady replica is answered" answered "$steady" 1
await 15 "the other one is not" answered "$jumping" 0
cpu=$(of "$jumping" process_cpu_seconds_total)
await 5 "its log names the clock" grep -qF "is this machine's clock right?" "$E2E_DIR/logs/${NAMESPACE}_${jumping_pod}_smc-webhook.log"
for _ in {1..10}; do injects || fail "a pod goes without SMC"; done
sleep 5
serves "out of touch"
matches "what /readyz says" "^ready.*certificate is not yet valid" "$(curl -s "http://$jumping:8080/readyz")"
cpu=$(jq -n "($(of "$jumping" process_cpu_seconds_total) - $cpu) * 1000 | round")
figure "; $cpu ms out of touch"
((cpu < 500)) || fail "$cpu ms of CPU in some seconds out of touch"

# nor can one that starts so know the CA: it says why it is not ready, and gets ready when the clock is put right
asked null
kubectl -n "$NAMESPACE" delete pod --grace-period=1 "$jumping_pod"
says_why() {
  jumping=$(webhook_pods | grep -v " $steady\$" | cut -d' ' -f3)
  curl -s "http://$jumping:8080/readyz" | grep -q '^certificate: there is none yet.*certificate is not yet valid'
}
await 60 "a new replica says why it is not ready" says_why
await 60 "annotated pods are injected by the other one" injects # once the controllers have heard
jump +0d
await 30 "it is answered" answered "$jumping" 1
kubectl -n "$NAMESPACE" wait pod -l app.kubernetes.io/component=webhook --for=condition=Ready --timeout=30s
holds "all clocks right"
