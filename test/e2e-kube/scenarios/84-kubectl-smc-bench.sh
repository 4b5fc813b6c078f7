# kubectl smc bench on nodes without SMC: runs on TCP are said to be TCP, exit code 4; nothing of it stays, Ctrl-C included
# shellcheck shell=bash disable=SC2154 # variables of lib/
bench() { # CODE NAME OPTION...: a bench that ends with it; what it prints is in NAME.out and NAME.err
  local expected=$1 name=$SCENARIO_DIR/$2 code=0
  shift 2
  "$ROOT/build/release/bin/kubectl-smc" bench --image example.test/smc-bench:1 --qps 100 --connections 2 "$@" \
    > "$name.out" 2> "$name.err" || code=$?
  [ "$code" = "$expected" ] || cat "$name.err" >&2
  equal "exit code of bench $*" "$expected" "$code"
}
# nothing_left: of a bench, in any namespace
nothing_left() {
  none_left get pods -A -l app.kubernetes.io/name=smc-bench &&
    none_left get namespaces -l app.kubernetes.io/managed-by=kubectl-smc
}
running() { [ -n "$(kubectl get pods -A -l smc-bench/role=load --field-selector status.phase=Running -o name)" ]; }
export -f none_left nothing_left running

kernel node1 '.device = true'
kernel node2 '.device = true'
agents smc-node-agent-played
for node in node1 node2; do await 20 "$node has its label" labelled $node; done

# a pair on two nodes
bench 4 pair --duration 3s -o json
result=$SCENARIO_DIR/pair.out
equal "what carried both" "tcp tcp" "$(jq -r '[.before[0], .after[0]] | map(.proof.mode) | join(" ")' "$result")"
equal "connections, before and after" "2 2" "$(jq -r '"\(.before[0].proof.modes.tcp) \(.after[0].proof.modes.tcp)"' "$result")"
jq -e '[.before[0], .after[0]] | all(.errors == {} and .requests >= 150 and .requests < 600
  and .proof.interface == "eth0" and .proof.interface_bytes > 2 * 128 * .requests)' "$result" >/dev/null ||
  fail "the runs: $(cat "$result")"
matches "what it says" 'a run that was to be over smc-r was over tcp' "$(cat "$SCENARIO_DIR/pair.err")"
await 30 "nothing is left of the pair" nothing_left
figure "$(jq -r '"\(.before[0].requests) and \(.after[0].requests) requests over TCP"' "$result")"

# Ctrl-C while it measures
"$ROOT/build/release/bin/kubectl-smc" bench --image example.test/smc-bench:1 --qps 50 --connections 2 --duration 120s \
  2> "$SCENARIO_DIR/interrupted.err" &
pid=$!
await 60 "the load runs" running
kill -INT $pid
code=0
wait $pid || code=$?
equal "how Ctrl-C ends it" $((128 + 2)) "$code"
equal "what it leaves behind, as it says" "" "$(grep 'left behind' "$SCENARIO_DIR/interrupted.err" || true)"
await 30 "nothing is left of it" nothing_left

# beside a workload: where there is no SMC nothing is begun, on a node for it both ways are measured
kubectl -n apps create -f - <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: echo}
spec:
  selector: {matchLabels: {app: echo}}
  template:
    metadata: {labels: {app: echo}}
    spec:
      nodeSelector: {kubernetes.io/hostname: node3}
      containers:
      - name: server
        image: example.test/smc-bench:1
        args: [server, --listen, "0.0.0.0:8080"]
        securityContext: {capabilities: {drop: [ALL]}}
YAML
kubectl -n apps rollout status deployment/echo --timeout=60s
bench 2 elsewhere deployment/echo -n apps --url http://127.0.0.1:8080/echo --before-after
matches "why not" 'deployment/echo runs on node3 without the label' "$(cat "$SCENARIO_DIR/elsewhere.err")"
kubectl -n apps patch deployment echo --type merge -p '{"spec": {"template": {"spec": {"nodeSelector": {"kubernetes.io/hostname": "node1"}}}}}'
kubectl -n apps rollout status deployment/echo --timeout=60s
address=$(kubectl -n apps get pods -l app=echo --field-selector spec.nodeName=node1 -o jsonpath='{.items[0].status.podIP}')
bench 4 beside deployment/echo -n apps --url "http://$address:8080/echo" --before-after --duration 2s --rounds 2 \
  --html "$SCENARIO_DIR/beside.html" --markdown "$SCENARIO_DIR/beside.md"
matches "its report" '2 of 2 connections were not SMC-R' "$(cat "$SCENARIO_DIR/beside.out")"
verdict=$(tail -1 "$SCENARIO_DIR/beside.out")
grep -qF "$verdict" "$SCENARIO_DIR/beside.html" || fail "the HTML report does not say: $verdict"
grep -qF "**$verdict**" "$SCENARIO_DIR/beside.md" || fail "the Markdown report does not say: $verdict"
await 30 "the load's pods are gone" nothing_left
kubectl -n apps delete deployment echo
kernel node2 '.device = false'
