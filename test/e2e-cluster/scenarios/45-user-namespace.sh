# a pod with a user namespace of its own, and a server that is a native sidecar: mode agent, all of it on SMC-R
filter='.spec.hostUsers = false | .spec.initContainers = [.spec.containers[0] + {name: "echo", restartPolicy: "Always"}]
  | .spec.containers[0] |= (del(.readinessProbe) | .image = "'$REGISTRY'/busybox:1" | .args = ["sleep", "3600"])'
if carries "$filter" '.spec.hostUsers == false and any(.spec.initContainers[]; .restartPolicy == "Always")'; then
  start_server strict node1 "$filter"
  set_up strict server agent
  equal "init containers" smc-init,echo "$(kubectl -n strict get pod server -o json | jq -r '[.spec.initContainers[].name] | join(",")')"
  hold_load strict mapped node2 '.spec.hostUsers = false'
  await 60 "the connections at the load's end" have_four strict mapped node2
  have_four strict server node1 || fail "the sidecar's sockets: $(sockets_of strict server node1)"
  # shellcheck disable=SC2016 # the variables are the node's
  figure "user 0 there is $(on_node node2 eval 'cat /proc/$(pids_of '"$(uid_of strict mapped)"' | head -1)/uid_map' | awk '{print $2}') of the node"
  end_load strict mapped node2
  set_up strict mapped agent
  kubectl -n strict delete pod server mapped
else
  not_run "user namespaces and native sidecars" "this version drops the fields"
fi
