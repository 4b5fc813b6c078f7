# shellcheck shell=bash
# What the webhook decides, seen by dry runs through the API server, or by its own `review`.

cases=0 # that `decide` has asked about

# decide CODE WARNING AUDIT NAMESPACE FILTER: a dry run of the annotated pod, changed by FILTER. WARNING is a part of what
# kubectl shows, "-" for nothing; AUDIT is yes where the audit log carries the code.
decide() {
  local code=$1 warning=$2 audit=$3 namespace=$4 filter=$5 shown name pod
  name=case-${code//_/-}
  ((++cases))
  pod=$name-${SCENARIO_DIR##*/}-$cases # one on the audit log
  annotated_pod "$filter | .metadata.name = \"$pod\"" > "$SCENARIO_DIR/pod.json"
  dry_run "$SCENARIO_DIR/pod.json" -n "$namespace" > "$SCENARIO_DIR/$name.json" 2> "$SCENARIO_DIR/warnings"
  shown=$(cat "$SCENARIO_DIR/warnings")
  echo "$code: $shown"
  if [ "$warning" = - ]; then equal "$code: warnings" "" "$shown"; else matches "$code: warning" "$warning" "$shown"; fi
  if [ "$audit" = yes ]; then
    equal "$code: audit annotation" "$code" "$(decision_of "$pod")"
  else
    equal "$code: audit annotation" none "$(decision_of "$pod")"
  fi
  if [ "$code" = injected ]; then
    equal "$code: first init container" smc-init "$(first_init < "$SCENARIO_DIR/$name.json")"
  elif [ "$code" != already_injected ]; then
    equal "$code: containers of ours" 0 "$(jq '[.spec.initContainers[]? | select(.env | tostring | contains("POD_UID"))] | length' \
      "$SCENARIO_DIR/$name.json")"
  fi
}

set_annotation() { # VALUE-JSON
  echo ".metadata.annotations[\"$PREFIX/enabled\"] = $1"
}

# what the server drops from a pod is shown to the program itself
review() { # POD-FILTER [MODE]: the decision of `review`
  echo "initContainer: {mode: ${2:-privileged}}" > "$SCENARIO_DIR/config.yaml"
  annotated_pod "$1" | jq '{apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: {uid: "u",
    kind: {group: "", version: "v1", kind: "Pod"}, resource: {group: "", version: "v1", resource: "pods"},
    operation: "CREATE", namespace: "apps", object: .}}' | "$ROOT/build/release/bin/smc-webhook" review --config "$SCENARIO_DIR/config.yaml" |
    jq -r '.response.auditAnnotations.decision'
}

# carries FILTER JQ-CONDITION: the API server keeps what the filter puts into a pod
carries() {
  annotated_pod "del(.metadata.annotations) | $1" > "$SCENARIO_DIR/plain.json"
  dry_run "$SCENARIO_DIR/plain.json" -n apps --validate=false > "$SCENARIO_DIR/carried.json" 2>/dev/null &&
    jq -e "$2" "$SCENARIO_DIR/carried.json" >/dev/null
}
