# what agents and the webhook cost the API server
# The agents are processes here and no pods of the DaemonSet: it is installed for its rights and its command line, and no
# node has its label. nodePolicy wants a token for each node, and here is one for all.
helm upgrade "$RELEASE" "$CHART" -n "$NAMESPACE" --reuse-values --set agent.enabled=true,agent.nodePolicy=off,agent.ueid=SMC-SCALE \
  --set agent.nodeSelector.scale/agents=none
kubectl -n "$NAMESPACE" rollout status "deployment/$RELEASE-smc-webhook" --timeout=60s

# agent_network NAME ADDRESS: what goes through the wire NAME are the bytes of the agents in that namespace
agent_network() {
  ip netns add "$1"
  ip link add "$1" type veth peer name eth0 netns "$1"
  ip link set "$1" master nodes up
  ip -n "$1" link set lo up
  ip -n "$1" link set eth0 up
  ip -n "$1" address add "$2/24" dev eth0
  ip -n "$1" route add default via 10.245.0.1
}
agent_network solo 10.245.0.201
agent_network fleet 10.245.0.202

mkdir "$E2E_DIR/scale"
PYTHONPATH=$HERE timeout 600 python3 "$SELF/measure.py" "$E2E_DIR/scale"
