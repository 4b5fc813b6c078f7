# agents on the real kernel, which is not ready here: no label, the reason on the Node
for n in 1 2; do labelled "node$n" || kubectl label node "node$n" "$PREFIX/erdma=true"; done
agents smc-node-agent
for n in 1 2 3; do
  await 15 "node$n has no label" not_labelled "node$n"
  matches "words of node$n" '^not ready: [a-z]' "$(words_of "node$n")"
  await 5 "node$n reaches the API server" agent_shows "node$n" 'smc_node_api_up{what="pods"} 1'
done
for n in 1 2; do await 5 "an event about node$n" has_event Node "node$n" SmcNotReady; done
equal "events about node3, which never had the label" 0 "$(events_of Node node3 SmcNotReady)"
figure "$(words_of node1 | cut -c1-60)"
