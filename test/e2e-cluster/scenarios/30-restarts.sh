# a container ends and is started in place, kubelet and containerd restart under a load: all of it stays on SMC-R
start_server apps node1 '.spec.restartPolicy = "Always"'
before=$address
restarts() { kubectl -n apps get pod server -o jsonpath='{.status.containerStatuses[0].restartCount}'; }
restarted() { [ "$(restarts)" = 1 ]; }
export -f restarts restarted

signal_bench node1 "$(uid_of apps server)" KILL
await 60 "the server's container was started anew" restarted
kubectl -n apps wait --for=condition=Ready pod/server --timeout=60s
equal "the pod's address" "$before" "$(address_of apps server)"
start_load apps after-restart node2 3
load_ran_over_smc apps after-restart

# Its connections outlast both restarts, and stay SMC-R.
hold_load apps across node2
for node in node1 node2; do
  on_node $node stop_daemon kubelet
  on_node $node stop_daemon containerd
  on_node $node start_containerd
  on_node $node start_kubelet
done
for node in node1 node2; do await 120 "$node is Ready" node_ready $node; done
have_four apps across node2 || fail "connections after the restarts: $(sockets_of apps across node2)"
end_load apps across node2
equal "restarts of the server" 1 "$(restarts)"
start_load apps after-daemons node2 3
load_ran_over_smc apps after-daemons
kubectl -n apps delete pod server after-restart across after-daemons
