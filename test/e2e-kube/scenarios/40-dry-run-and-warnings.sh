# a dry run changes nothing; a person sees the warning on kubectl's standard error
annotated_pod > "$SCENARIO_DIR/pod.json"
equal "a dry run's first init container" smc-init "$(dry_run "$SCENARIO_DIR/pod.json" -n apps | first_init)"
left=$(kubectl -n apps get pods --field-selector metadata.name=probe -o name)
equal "pods left by the dry run" "" "$left"

annotated_pod '.metadata.name = "typo" | .spec.schedulerName = "nobody"' |
  jq ".metadata.annotations[\"$PREFIX/enabled\"] = \"True\"" |
  kubectl -n apps apply -f - 2> "$SCENARIO_DIR/stderr" > "$SCENARIO_DIR/stdout"
equal "standard output" "pod/typo created" "$(cat "$SCENARIO_DIR/stdout")"
matches "standard error" '^Warning: SMC: not injected .*True' "$(cat "$SCENARIO_DIR/stderr")"
while read -r line; do
  [ ${#line} -le 265 ] || fail "a warning of ${#line} characters: the API server would cut it off"
done < "$SCENARIO_DIR/stderr"
equal "the pod of the typo" none "$(kubectl -n apps get pod typo -o json | first_init)"
kubectl -n apps delete pod typo --wait=false
