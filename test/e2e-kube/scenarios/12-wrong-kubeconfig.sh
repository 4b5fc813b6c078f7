# a wrong kubeconfig: both programs say what is wrong with it and end, or ask on calmly and say so until it is right
BIN=$ROOT/build/release/bin
AGENT=$ROOT/build/release/test/smc-node-agent-played
mkdir "$SCENARIO_DIR/folder"
echo wrong | tee "$SCENARIO_DIR/token-of-webhook" > "$SCENARIO_DIR/token-of-agent"
file() { # NAME JQ-FILTER: a kubeconfig that is right but for the filter and its token
  local program
  for program in webhook agent; do
    kubeconfig "{\"tokenFile\": \"token-of-$program\"}" | jq "$2" > "$SCENARIO_DIR/$program.$1"
  done
}
# In place of a shell, which would be what is killed at the end.
serve() { # KUBECONFIG PORT: one more replica, which no Service knows
  exec "$BIN/smc-webhook" serve --kubeconfig "$1" --listen 127.0.0.1:0 --health-listen "127.0.0.1:$2" \
    --self-managed-secret "$NAMESPACE/$CA_SECRET" --webhook-configuration "$CONFIGURATION" \
    --service-name "$RELEASE-smc-webhook.$NAMESPACE.svc"
}
agent() { # KUBECONFIG PORT: of a Node that is not there
  mkdir -p "$SCENARIO_DIR/state$2"
  SMC_PLAYED_KERNEL=$SCENARIO_DIR/state$2 exec "$AGENT" run --kubeconfig "$1" --listen "127.0.0.1:$2" --node-name nobody \
    --state-dir "$SCENARIO_DIR/state$2" --period 1 --label-after 1 --unlabel-after 1 --node-period 1
}

# what it cannot be started with
refused() { # PATTERN COMMAND...: it says so, with a hint, and ends with 2
  local pattern=$1 status=0
  shift
  timeout 10 "$@" > "$SCENARIO_DIR/out" 2>&1 || status=$?
  equal "exit code of $*" 2 "$status"
  matches "words of $*" "$pattern" "$(cat "$SCENARIO_DIR/out")"
  matches "hint of $*" $'\nhint: [^ ]+ ' "$(cat "$SCENARIO_DIR/out")"
}
refused_by_all() { # KUBECONFIG PATTERN
  refused "$2" bash -c 'serve "$1" 9100' - "$1"
  refused "$2" "$BIN/smc-webhook" probe --kubeconfig "$1"
  refused "$2" bash -c 'agent "$1" 9200' - "$1"
  refused "$2" "$AGENT" uninstall --daemonset "$NAMESPACE/agents" --kubeconfig "$1"
}
export BIN AGENT
export -f serve agent
echo '{ malformed' > "$SCENARIO_DIR/malformed"
file exec '.users[0].user = {exec: {command: "aws"}}'
refused_by_all "$SCENARIO_DIR/none" 'none: No such file'
refused_by_all "$SCENARIO_DIR/folder" 'folder: Is a directory'
refused_by_all "$SCENARIO_DIR/malformed" 'malformed: line [0-9]+: not YAML'
refused_by_all "$SCENARIO_DIR/webhook.exec" 'webhook.exec: exec is not supported'

# what only asking shows
openssl req -x509 -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=another -keyout /dev/null \
  -out "$SCENARIO_DIR/another.crt" 2>/dev/null
file authority ".clusters[0].cluster[\"certificate-authority-data\"] = \"$(base64 -w0 "$SCENARIO_DIR/another.crt")\""
file port '.clusters[0].cluster.server = "https://127.0.0.1:1"'
file token .
file malformed '.users[0].user.tokenFile = "malformed"'
kinds=(authority port token malformed) started=()
trap 'kill -9 "${started[@]}"; kubectl delete --ignore-not-found clusterrole/wrong-kubeconfig clusterrolebinding/wrong-kubeconfig' EXIT
for i in 0 1 2 3; do
  serve "$SCENARIO_DIR/webhook.${kinds[i]}" $((9100 + i)) > "$SCENARIO_DIR/webhook.${kinds[i]}.log" 2>&1 &
  started+=($!)
  agent "$SCENARIO_DIR/agent.${kinds[i]}" $((9200 + i)) > "$SCENARIO_DIR/agent.${kinds[i]}.log" 2>&1 &
  started+=($!)
done
sum() { # PORT REGEX: over the series that begin so
  curl -sf "http://127.0.0.1:$1/metrics" | awk -v name="$2" '$1 ~ "^" name {sum += $NF} END {print sum + 0}'
}
says() { # KIND PATTERN: a line of both programs' logs
  grep -q "$2" "$SCENARIO_DIR/webhook.$1.log" && grep -q "$2" "$SCENARIO_DIR/agent.$1.log"
}
await 10 "another authority is named" says authority 'its certificate is not trusted: .*"hint":"is the certificate authority in .* this server'
await 10 "a port where nobody listens is named" says port 'connect to 127.0.0.1 port 1: Connection refused.*"hint":"nothing listens there'
await 10 "what is no token is named" says malformed 'read the token: it holds characters that no token has","hint":"check the credentials in'
await 10 "a wrong token is named" says token '401 Unauthorized.*"hint":"the token or client certificate is expired'
sleep 2 # a program that did not wait between its attempts would make hundreds
for i in 0 1 2 3; do
  most=$(sum $((9100 + i)) smc_webhook_api_errors_total)
  ((most > 0 && most <= 60)) || fail "$most attempts of the webhook with a wrong ${kinds[i]}"
  matches "why the webhook is not ready" '^certificate: there is none yet' "$(curl -s "http://127.0.0.1:$((9100 + i))/readyz")"
  most=$(sum $((9200 + i)) smc_node_api_errors_total)
  ((most > 0 && most <= 30)) || fail "$most attempts of the agent with a wrong ${kinds[i]}"
done

# the token is replaced by one that is right, as a kubelet does it
kubectl create clusterrole wrong-kubeconfig --verb=list,watch --resource=pods
kubectl create clusterrolebinding wrong-kubeconfig --clusterrole=wrong-kubeconfig --serviceaccount=apps:default
kubectl -n apps create token default > "$SCENARIO_DIR/token-of-agent"
kubectl -n "$NAMESPACE" create token "$RELEASE-smc-webhook" > "$SCENARIO_DIR/token-of-webhook"
await 20 "the webhook is ready" curl -sf http://127.0.0.1:9102/readyz
await 20 "the API server answers the webhook" bash -c 'curl -sf http://127.0.0.1:9102/metrics | grep -F "smc_webhook_api_up{what=\"certificates\"} 1"'
await 20 "the agent sees pods" bash -c 'curl -sf http://127.0.0.1:9202/metrics | grep -F "smc_node_api_up{what=\"pods\"} 1"'
