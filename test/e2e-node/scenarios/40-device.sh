# the device goes and comes: label after hysteresis, words, Event; the scheduler follows
device_goes node1
await 15 "the agent sees at once that the device is gone" agent_shows node1 'smc_node_ready 0'
device_comes node1
await 15 "and that it is back" agent_shows node1 'smc_node_ready 1'
sleep 5
labelled node1 || fail "a short break took the label"

device_goes node1
started=$SECONDS
await 60 "node1 loses its label" not_labelled node1
figure "off after $((SECONDS - started)) s"
matches "words of node1" '^not ready: .*rdma device' "$(words_of node1)"
await 10 "an Event about it" has_event Node node1 SmcNotReady
traffic_pod late '["server", "smc", "5000"]'
await 15 "an annotated pod finds no node" unschedulable apps late

# another node becomes ready, then this one is again
device_comes node2
await 60 "node2 has its label" labelled node2
kubectl -n apps wait --for=condition=Ready pod/late --timeout=60s
equal "node of the pod" node2 "$(kubectl -n apps get pod late -o jsonpath='{.spec.nodeName}')"
verified apps late
device_comes node1
started=$SECONDS
await 60 "node1 has its label again" labelled node1
figure ", on again after $((SECONDS - started)) s"
matches "words of node1" "^ready; programs: the agent's BPF switch" "$(words_of node1)"
await 10 "a second Event about it" bash -c '[ "$(events_of Node node1 SmcReady)" = 2 ]'
kubectl -n apps delete pod late
