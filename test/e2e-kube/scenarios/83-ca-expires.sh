# a CA that is about to expire is rotated without being asked to
annotated_pod > "$SCENARIO_DIR/pod.json"
short_lived_ca 60 "$SCENARIO_DIR/ca" 2> "$SCENARIO_DIR/openssl"
secret_data "{\"ca.crt\": \"$(base64 -w0 "$SCENARIO_DIR/ca/ca.crt")\", \"ca.key\": \"$(base64 -w0 "$SCENARIO_DIR/ca/ca.key")\"}"
await 5 "the replicas take it" bash -c '[ "$(issuers)" = CN=short-lived ]'
await 30 "another CA is the only one" rotated_from CN=short-lived
await 5 "annotated pods are injected" injects
matches "the new CA" '^CN=smc-webhook CA' "$(issuers)"
