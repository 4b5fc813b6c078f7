# kubectl smc and the agents: check, status, syn-check; bench: over TCP, then over SMC-R across the wire, with full proof
# shellcheck shell=bash disable=SC2154 # variables of lib/
smc() { "$ROOT/build/release/bin/kubectl-smc" "$@"; }
# screen CODE NAME ARGUMENTS...: what that command shows, in NAME.txt; ends with CODE
screen() {
  local expected=$1 file=$SCENARIO_DIR/$2.txt code=0
  shift 2
  smc "$@" > "$file" 2>&1 || code=$?
  [ "$code" = "$expected" ] || fail "kubectl smc $* ended with $code instead of $expected: $(cat "$file")"
}

# two pods that talk, one on each node
apart='.metadata.labels.pair = "talk" | .spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution =
  [{topologyKey: "kubernetes.io/hostname", labelSelector: {matchLabels: {pair: "talk"}}}]'
traffic_pod talk-server '["server", "smc", "5000"]' "$apart"
kubectl -n apps wait --for=condition=Ready pod/talk-server --timeout=90s
address=$(kubectl -n apps get pod talk-server -o jsonpath='{.status.podIP}')
traffic_pod talk-client "[\"client\", \"smc\", \"$address:5000\", \"--stream\", \"--size=1000\", \"--requests=50\", \"--hold\"]" "$apart"
result=$E2E_DIR/logs/apps_talk-client_app.log
await 120 "the client has its answers" grep -q '^{.*connections' "$result"
node=$(kubectl -n apps get pod talk-client -o jsonpath='{.spec.nodeName}')

counted() { smc status talk-client -n apps -o json | jq -e '.pods[0].connections["smc-r"] == 1'; }
await 60 "the agent has counted the connection" counted
screen 0 status-pod status talk-client -n apps
for line in "^pod +apps/talk-client on node $node" '^set up +yes' '^connections +smc-r 1, smc-d 0, tcp 0' "$address:5000 \\(pod apps/talk-server\\) +smc-r"; do
  grep -qE "$line" "$SCENARIO_DIR/status-pod.txt" || fail "no line $line: $(cat "$SCENARIO_DIR/status-pod.txt")"
done
screen 0 status-json status talk-client -n apps -o json
equal "its sockets as JSON" "smc-r $address:5000" "$(jq -r '.pods[0].sockets[0] | "\(.mode) \(.peer)"' "$SCENARIO_DIR/status-json.txt")"
screen 0 status-all status -A
screen 0 status-node status --node "$node"
matches "the node's pods" "apps +talk-client|apps/talk-client" "$(cat "$SCENARIO_DIR/status-node.txt")"

# the way to a genuine SMC server, and to one that is not there
screen 0 syn-check syn-check talk-client "$address:5000" -n apps
matches "the way to the server" clean "$(cat "$SCENARIO_DIR/syn-check.txt")"
screen 2 syn-refused syn-check talk-client "$address:5001" -n apps
matches "a closed port" refused "$(cat "$SCENARIO_DIR/syn-refused.txt")"
screen 3 syn-far-away syn-check talk-client "no-such-name.example:80/x" -n apps
kubectl -n apps delete pod talk-client talk-server

screen 0 check check -n apps
for word in 'Admission' '√ 2 nodes ready for SMC-R' '^verdict: '; do
  grep -qE "$word" "$SCENARIO_DIR/check.txt" || fail "no $word: $(cat "$SCENARIO_DIR/check.txt")"
done

# the measurement: its own pair, whose programs open TCP sockets and know nothing of SMC
started=$SECONDS
screen 0 bench bench --load smc-bench --qps 100 --connections 4 --duration 6s -o json --html "$SCENARIO_DIR/bench.html"
result=$SCENARIO_DIR/bench.txt
proven_pair "$result" 4
figure "$(jq -r '"\(.before[0].requests) requests over TCP, \(.after[0].requests) over SMC-R"' "$result") on 4 of 4 connections, $((SECONDS - started)) s; "
for run in before after; do jq ".$run" "$result" > "$SCENARIO_DIR/$run.json"; done
"$ROOT/build/release/bin/smc-bench" compare "$SCENARIO_DIR"/{before,after}.json > "$SCENARIO_DIR/compared.txt"
matches "the comparison" 'after: smc-r, 4 of 4 connections SMC-R' "$(cat "$SCENARIO_DIR/compared.txt")"
grep -qF "$(tail -1 "$SCENARIO_DIR/compared.txt")" "$SCENARIO_DIR/bench.html" || fail "the report has another verdict"
await 60 "nothing is left of it" bench_leaves_nothing

# the same for a workload that is there: the load beside its pod
echo_deployment '' "$PREFIX/enabled: 'true'"
screen 0 beside bench deployment/echo -n apps --url "http://$address:8080/echo" --before-after --load fortio \
  --fortio-image example.test/played-fortio:1 --qps 50 --connections 2 --duration 4s
matches "over TCP" 'before: tcp, 2 of 2 connections TCP, as they were to be' "$(cat "$SCENARIO_DIR/beside.txt")"
matches "over SMC-R" 'after: smc-r, 2 of 2 connections SMC-R' "$(cat "$SCENARIO_DIR/beside.txt")"
screen 0 status-deployment status deployment/echo -n apps
matches "the Deployment's pod" 'set up +yes' "$(cat "$SCENARIO_DIR/status-deployment.txt")"
matches "its switch" 'switch +bpf' "$(cat "$SCENARIO_DIR/status-deployment.txt")"
await 60 "nothing is left of it, the Deployment aside" bench_leaves_nothing
kubectl -n apps delete deployment echo
