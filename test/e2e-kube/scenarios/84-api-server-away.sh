# the API server is away for a minute: the webhook stays ready, asks no more often than it should, and goes on afterwards
ready() { # how many replicas say so, asked directly
  local address count=0
  for address in $addresses; do
    curl -sf -m 2 -o /dev/null "http://$address:8080/readyz" && ((++count))
  done
  [ "$count" = "$1" ]
}
figures() { # NAME: of all replicas, asked directly
  # shellcheck disable=SC2046 # one word an address
  curl -sf $(sed -E 's#[0-9.]+#http://&:8080/metrics#g' <<< "$addresses") | awk -v name="$1" '$1 ~ "^" name "({|$)" {sum += $NF} END {print sum + 0}'
}
addresses=$(webhook_addresses)
equal "in touch" 2 "$(figures smc_webhook_api_in_touch)"
cpu=$(figures process_cpu_seconds_total)
errors=$(figures smc_webhook_api_errors_total)
stop_api_server kube-apiserver
sleep "${AWAY:-60}"
ready 2 || fail "a replica is not ready without the API server"
equal "in touch while it is away" 0 "$(figures smc_webhook_api_in_touch)"
cpu=$(jq -n "($(figures process_cpu_seconds_total) - $cpu) * 1000 | round")
errors=$(($(figures smc_webhook_api_errors_total) - errors))
start_api_server
await_api_server $API_PORT
await 30 "the replicas are in touch again" bash -c "[ \"\$(metric smc_webhook_api_in_touch)\" = 2 ]"
kubectl patch mutatingwebhookconfiguration "$CONFIGURATION" --type=json \
  -p '[{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]'
await 5 "caBundle is put right" bash -c '[ "$(ca_bundle | certificates_in)" != 0 ]'
annotated_pod > "$SCENARIO_DIR/pod.json"
await 10 "annotated pods are injected" injects
figure "${AWAY:-60} s away: $cpu ms of CPU and $errors failed requests of two replicas"
((cpu < 1000)) || fail "$cpu ms of CPU without an API server"
