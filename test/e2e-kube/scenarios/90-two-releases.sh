# a second release in another namespace lives beside the first, each with its own pods
other=second
namespace $other
namespace tenant
kubectl label namespace tenant mesh=other
"$ROOT/build/release/bin/smc-certs" issue --dir "$SCENARIO_DIR/tls" --dns "$RELEASE-smc-webhook.$other.svc"
kubectl -n $other create secret tls webhook-tls --cert="$SCENARIO_DIR/tls/tls.crt" --key="$SCENARIO_DIR/tls/tls.key"
helm install "$RELEASE" "$CHART" -n $other --wait --timeout 60s --set agent.enabled=false,initContainer.name=other-init \
  --set 'admission.namespaceSelector[0].key=mesh,admission.namespaceSelector[0].operator=In,admission.namespaceSelector[0].values={other}' \
  --set certificates.mode=existingSecret,certificates.existingSecret.name=webhook-tls \
  --set "certificates.existingSecret.caBundle=$(base64 -w0 "$SCENARIO_DIR/tls/ca.crt")"
kubectl patch mutatingwebhookconfiguration "$CONFIGURATION" --type=json -p '[{"op": "add", "path": "/webhooks/0/namespaceSelector/matchExpressions/-",
  "value": {"key": "mesh", "operator": "NotIn", "values": ["other"]}}]'

annotated_pod > "$SCENARIO_DIR/pod.json"
await 10 "the second release's webhook is asked" bash -c "kubectl create --dry-run=server -o json -n tenant -f '$SCENARIO_DIR/pod.json' |
  jq -e '[.spec.initContainers[].name] == [\"other-init\"]'"
equal "a pod of the first release" smc-init "$(dry_run "$SCENARIO_DIR/pod.json" -n apps | first_init)"

helm uninstall "$RELEASE" -n $other --wait
kubectl -n $other delete secret webhook-tls
left=$(left_of $other)
equal "left of the second release" "" "$left"
equal "the first release still answers" smc-init "$(dry_run "$SCENARIO_DIR/pod.json" -n apps | first_init)"
