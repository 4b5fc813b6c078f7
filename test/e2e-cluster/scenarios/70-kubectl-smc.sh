# kubectl smc with real kubelets: check is content; bench with images of the private registry: TCP, then SMC-R, proven
# screen CODE NAME ARGUMENTS...: what that command shows, in NAME.txt; ends with CODE
screen() {
  local expected=$1 file=$SCENARIO_DIR/$2.txt code=0
  shift 2
  kubectl_smc "$@" > "$file" 2>&1 || code=$?
  [ "$code" = "$expected" ] || fail "kubectl smc $* ended with $code instead of $expected: $(cat "$file")"
}
start_server apps node1
hold_load apps load node2
await 60 "the connections" have_four apps load node2
await 60 "the agent has counted them" counted apps load
screen 0 status status load -n apps
matches "the load's connections" 'connections +smc-r 4, smc-d 0, tcp 0' "$(cat "$SCENARIO_DIR/status.txt")"
screen 0 check check -n apps
matches "the nodes" '2 nodes ready for SMC-R' "$(cat "$SCENARIO_DIR/check.txt")"
end_load apps load node2
kubectl -n apps delete pod server load

# Without its Secret a private registry gives nothing, and that is said. By this tag no node has the image: older kubelets let
# every pod have what is there.
push "oci-archive:$ROOT/build/image/${BENCH/:/-}.tar" "$BENCH-unseen"
options=(--load smc-bench --qps 100 --connections 4 --duration 6s -n apps)
screen 2 refused bench "${options[@]}" --image "$REGISTRY/$BENCH-unseen"
matches "why there is no result" 'ImagePull.*--image-pull-secret' "$(tr '\n' ' ' < "$SCENARIO_DIR/refused.txt")"
screen 0 bench bench "${options[@]}" --image-pull-secret registry -o json
proven_pair "$SCENARIO_DIR/bench.txt" 4
figure "bench: $(jq -r '"\(.before[0].requests) requests over TCP, \(.after[0].requests) over SMC-R"' "$SCENARIO_DIR/bench.txt")"
await 60 "nothing is left of it" bench_leaves_nothing

# beside a Deployment, whose namespace lets its pods pull
ECHO_IMAGE=$REGISTRY/$BENCH echo_deployment '' "$PREFIX/enabled: 'true'"
screen 0 beside bench deployment/echo -n apps --url "http://$address:8080/echo" --before-after --load smc-bench \
  --qps 50 --connections 2 --duration 4s
matches "over TCP" 'before: tcp, 2 of 2 connections TCP, as they were to be' "$(cat "$SCENARIO_DIR/beside.txt")"
matches "over SMC-R" 'after: smc-r, 2 of 2 connections SMC-R' "$(cat "$SCENARIO_DIR/beside.txt")"
await 60 "nothing is left of it, the Deployment aside" bench_leaves_nothing
kubectl -n apps delete deployment echo
