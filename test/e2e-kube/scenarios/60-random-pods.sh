# 2,000 random valid pods are accepted after mutation, changed only where the contract says so
/usr/bin/python3 "$HERE/random_pods.py" 2000 "${SEED:-20}" apps > "$SCENARIO_DIR/result.json" || {
  jq . "$SCENARIO_DIR/result.json"
  fail "$(jq .bad "$SCENARIO_DIR/result.json") of 2000 pods"
}
figure "2000 pods, seed ${SEED:-20}, $(jq '.newer | length' "$SCENARIO_DIR/result.json") fields newer than 1.20: 0 refused, 0 changed elsewhere"
