# a second injector like istio's: before and after ours, appending and prepending, reinvocation on and off
issue sidecar-injector /CN=sidecar-injector "subjectAltName=IP:$API_HOST"
/usr/bin/python3 "$HERE/sidecar_injector.py" 15017 "$E2E_DIR/pki/sidecar-injector.crt" "$E2E_DIR/pki/sidecar-injector.key" &
injector=$!
trap 'kill $injector; kubectl delete mutatingwebhookconfiguration istio-sidecar-injector zz-sidecar-injector --ignore-not-found' EXIT
await 5 "the second injector listens" curl -sk "https://$API_HOST:15017/"

register() { # NAME STYLE POLICY MARK: the API server calls webhook configurations in the order of their names
  jq -n --arg name "$1" --arg url "https://$API_HOST:15017/$2/$4" --arg policy "$3" --arg ca "$(base64 -w0 "$E2E_DIR/pki/ca.crt")" '{
    apiVersion: "admissionregistration.k8s.io/v1", kind: "MutatingWebhookConfiguration", metadata: {name: $name},
    webhooks: [{name: "sidecar.e2e.test", clientConfig: {url: $url, caBundle: $ca}, admissionReviewVersions: ["v1"],
      sideEffects: "None", reinvocationPolicy: $policy, failurePolicy: "Fail",
      rules: [{apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"]}]}]}' | kubectl apply -f -
}

reinvocation() { # POLICY: of ours
  kubectl patch mutatingwebhookconfiguration "$CONFIGURATION" --type=json \
    -p "[{\"op\": \"replace\", \"path\": \"/webhooks/0/reinvocationPolicy\", \"value\": \"$1\"}]"
}

# in_force MARK: the second injector is called as it was registered last
in_force() {
  await 5 "the registration of $1 is in force" bash -c "kubectl create --dry-run=server -o json -n apps -f '$SCENARIO_DIR/pod.json' |
    jq -e '.metadata.annotations[\"e2e/mark\"] == \"$1\"'"
}

cases=0
# order NAME STYLE THEIRS OURS EXPECTED: the init containers of an annotated pod, and that nothing is there twice.
# THEIRS and OURS are reinvocation policies.
order() {
  local mark=case$((++cases)) pod
  reinvocation "$4"
  register "$1" "$2" "$3" $mark
  pod=$SCENARIO_DIR/$mark.json
  in_force $mark
  dry_run "$SCENARIO_DIR/pod.json" -n apps > "$pod"
  echo "$*: $(jq -c '[.spec.initContainers[].name], [.spec.containers[].name]' "$pod" | paste -sd' ')"
  equal "$*" "$5" "$(jq -r '[.spec.initContainers[].name] | join(",")' "$pod")"
  equal "containers" app,istio-proxy "$(jq -r '[.spec.containers[].name] | sort | join(",")' "$pod")"
  equal "affinity" 1 "$(jq '[.spec.affinity.nodeAffinity | .. | .key? // empty] | length' "$pod")"
  kubectl delete mutatingwebhookconfiguration "$1"
}

annotated_pod > "$SCENARIO_DIR/pod.json"
# istio's own name and policy: called before ours
order istio-sidecar-injector append Never IfNeeded smc-init,istio-init
order istio-sidecar-injector prepend Never IfNeeded smc-init,istio-init
order istio-sidecar-injector append Never Never smc-init,istio-init
order istio-sidecar-injector prepend Never Never smc-init,istio-init
order istio-sidecar-injector prepend IfNeeded IfNeeded smc-init,istio-init
# called after ours
order zz-sidecar-injector append Never IfNeeded smc-init,istio-init
order zz-sidecar-injector prepend Never IfNeeded smc-init,istio-init
order zz-sidecar-injector append Never Never smc-init,istio-init
# two that both insist on the first place: the API server asks each once more, the later name has the last word
order zz-sidecar-injector prepend IfNeeded IfNeeded istio-init,smc-init
# we were not asked again
order zz-sidecar-injector prepend Never Never istio-init,smc-init
reinvocation IfNeeded

decided() { # DECISION
  metric smc_webhook_reviews_total "decision=\"$1\""
}
complaints() {
  grep -c 'Failed to set admission audit annotation pods.smc' "$E2E_DIR/logs/kube-apiserver.log" || true
}
complaints_are() { # NUMBER
  [ "$(complaints)" = "$1" ]
}

# asked twice about a pod that we skip, we say the same, and the API server nothing
annotated_pod '.spec.hostNetwork = true' > "$SCENARIO_DIR/host-network.json"
register zz-sidecar-injector append Never same
in_force same
before=$(decided host_network)
dry_run "$SCENARIO_DIR/host-network.json" -n apps > "$SCENARIO_DIR/skipped.json"
equal "calls about the skipped pod" $((before + 2)) "$(decided host_network)"
equal "complaints about the same decision" 0 "$(complaints)"
# where the other makes the reason to skip, it keeps our first decision and complains about the second
register zz-sidecar-injector host-network Never other
in_force other
before=$(complaints)
dry_run "$SCENARIO_DIR/pod.json" -n apps > "$SCENARIO_DIR/switched.json"
await 5 "the other decision is complained about" complaints_are $((before + 1))
figure "$cases orders; ours is first but where a later one insists and we are not asked after it"
