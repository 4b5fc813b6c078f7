# shellcheck shell=bash
# Pod creations at a fixed rate while something happens to the webhook.

start_load() { # RATE
  LOAD_NAMESPACE=load-$RANDOM LOAD_RATE=$1
  namespace "$LOAD_NAMESPACE"
  rm -f "$SCENARIO_DIR/stop"
  /usr/bin/python3 "$HERE/load.py" --rate "$1" --namespace "$LOAD_NAMESPACE" --seconds 90 --until "$SCENARIO_DIR/stop" \
    > "$SCENARIO_DIR/load.json" &
  LOAD_PID=$!
}

# Ends the load; none may have failed, none may be without SMC, and it must have been a load: a quarter of the rate asked
# for, since two cores carry three clusters, on a machine that may be slow. How fast is for benchmarks to say.
end_load() {
  touch "$SCENARIO_DIR/stop"
  wait "$LOAD_PID"
  cat "$SCENARIO_DIR/load.json"
  kubectl delete namespace "$LOAD_NAMESPACE" --wait=false >/dev/null
  equal "failed creations" 0 "$(jq .failed "$SCENARIO_DIR/load.json")"
  equal "pods without SMC" 0 "$(jq .uninjected "$SCENARIO_DIR/load.json")"
  jq -e --argjson asked "$LOAD_RATE" '.rate >= $asked / 4' "$SCENARIO_DIR/load.json" >/dev/null ||
    fail "too little load: $(jq .rate "$SCENARIO_DIR/load.json") pods a second of $LOAD_RATE"
  figure "$(jq -r '"\(.requests) pods at \(.rate)/s, 0 failed, 0 uninjected, p99 \(.p99_ms) ms"' "$SCENARIO_DIR/load.json")"
}
