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
running() { [ -n "$(kubectl get pods -A -l smc-bench/role=load --field-selector status.phase=Running -o name)" ]; }
export -f running

kernel node1 '.device = true'
kernel node2 '.device = true'
agents smc-node-agent-played
for node in node1 node2; do await 20 "$node has its label" labelled $node; done

# a pair on two nodes
bench 4 pair --load smc-bench --duration 3s -o json
result=$SCENARIO_DIR/pair.out
equal "what carried both" "tcp tcp" "$(jq -r '[.before[0], .after[0]] | map(.proof.mode) | join(" ")' "$result")"
equal "connections, before and after" "2 2" "$(jq -r '"\(.before[0].proof.modes.tcp) \(.after[0].proof.modes.tcp)"' "$result")"
jq -e '[.before[0], .after[0]] | all(.errors == {} and .requests >= 150 and .requests < 600
  and .proof.interface == "eth0" and .proof.interface_bytes > 2 * 128 * .requests)' "$result" >/dev/null ||
  fail "the runs: $(cat "$result")"
matches "what it says" 'a run that was to be over smc-r was over tcp' "$(cat "$SCENARIO_DIR/pair.err")"
await 30 "nothing is left of the pair" bench_leaves_nothing
figure "$(jq -r '"\(.before[0].requests) and \(.after[0].requests) requests over TCP"' "$result")"

# the same with fortio's load, which a container beside it watches; and where its image cannot be pulled
bench 4 fortio --load fortio --fortio-image example.test/played-fortio:1 --duration 3s -o json
result=$SCENARIO_DIR/fortio.out
jq -e '[.before[0], .after[0]] | all(.program == "fortio" and .errors == {} and .payload == 128 and .connections == 2
  and .requests >= 150 and .requests < 600 and ([.service_ms.buckets[].count] | add) == .requests
  and .proof.modes == {"tcp": 2} and .proof.interface == "eth0" and .proof.interface_bytes > 2 * 128 * .requests)' \
  "$result" >/dev/null || fail "the runs with fortio: $(cat "$result")"
await 30 "nothing is left of the pair with fortio" bench_leaves_nothing
bench 4 without --fortio-image unreachable.test/fortio:1 --duration 2s -o json
matches "what it says without fortio" 'unreachable.test/fortio:1 cannot be pulled: smc-bench makes the load' \
  "$(cat "$SCENARIO_DIR/without.err")"
equal "who made the load" "smc-bench smc-bench" "$(jq -r '"\(.before[0].program) \(.after[0].program)"' "$SCENARIO_DIR/without.out")"
bench 2 refused --load fortio --fortio-image unreachable.test/fortio:1 --duration 2s
matches "what it says when nothing else will do" 'ImagePullBackOff: unreachable.test/fortio:1' "$(cat "$SCENARIO_DIR/refused.err")"
await 30 "nothing is left of both" bench_leaves_nothing

# Ctrl-C while it measures
"$ROOT/build/release/bin/kubectl-smc" bench --image example.test/smc-bench:1 --load smc-bench --qps 50 --connections 2 \
  --duration 120s 2> "$SCENARIO_DIR/interrupted.err" &
pid=$!
await 60 "the load runs" running
kill -INT $pid
code=0
wait $pid || code=$?
equal "how Ctrl-C ends it" $((128 + 2)) "$code"
equal "what it leaves behind, as it says" "" "$(grep 'left behind' "$SCENARIO_DIR/interrupted.err" || true)"
await 30 "nothing is left of it" bench_leaves_nothing

# beside a workload: where there is no SMC nothing is begun, on a node for it both ways are measured
echo_deployment 'kubernetes.io/hostname: node3'
bench 2 elsewhere deployment/echo -n apps --url http://127.0.0.1:8080/echo --before-after
matches "why not" 'deployment/echo runs on node3 without the label' "$(cat "$SCENARIO_DIR/elsewhere.err")"
kubectl -n apps patch deployment echo --type merge -p '{"spec": {"template": {"spec": {"nodeSelector": {"kubernetes.io/hostname": "node1"}}}}}'
kubectl -n apps rollout status deployment/echo --timeout=60s
address=$(kubectl -n apps get pods -l app=echo --field-selector spec.nodeName=node1 -o jsonpath='{.items[0].status.podIP}')
bench 4 beside deployment/echo -n apps --url "http://$address:8080/echo" --before-after --load smc-bench --duration 2s \
  --rounds 2 --html "$SCENARIO_DIR/beside.html" --markdown "$SCENARIO_DIR/beside.md"
matches "its report" '2 of 2 connections were not SMC-R' "$(cat "$SCENARIO_DIR/beside.out")"
verdict=$(tail -1 "$SCENARIO_DIR/beside.out")
grep -qF "$verdict" "$SCENARIO_DIR/beside.html" || fail "the HTML report does not say: $verdict"
grep -qF "**$verdict**" "$SCENARIO_DIR/beside.md" || fail "the Markdown report does not say: $verdict"
await 30 "the load's pods are gone" bench_leaves_nothing
kubectl -n apps delete deployment echo
kernel node2 '.device = false'
