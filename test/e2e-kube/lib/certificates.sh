# shellcheck shell=bash
# The webhook's own CA as kubectl and OpenSSL see it.

export CA_SECRET=$RELEASE-smc-webhook-ca

ca_bundle() { # PEM
  kubectl get mutatingwebhookconfiguration "$CONFIGURATION" -o jsonpath='{.webhooks[0].clientConfig.caBundle}' | base64 -d
}

# certificates_in < PEM: how many
certificates_in() {
  grep -c 'BEGIN CERTIFICATE' || [ $? = 1 ]
}

ca_in_secret() { # the current CA, PEM
  kubectl -n "$NAMESPACE" get secret "$CA_SECRET" -o jsonpath='{.data.ca\.crt}' | base64 -d
}

secret_data() { # JSON: merged into the Secret's data
  kubectl -n "$NAMESPACE" patch secret "$CA_SECRET" --type=merge -p "{\"data\": $1}"
}

# subject < PEM: of the first certificate
subject() {
  openssl x509 -noout -subject -nameopt RFC2253 | sed 's/^subject=//'
}

# issuers: the CA of each ready replica's certificate, by name, each once
issuers() {
  local address
  for address in $(webhook_addresses); do
    openssl s_client -connect "$address:8443" < /dev/null 2>/dev/null | openssl x509 -noout -issuer -nameopt RFC2253 |
      sed 's/^issuer=//'
  done | sort -u
}

# trusted_alone SUBJECT: caBundle holds one CA, this one, and every replica serves a certificate of it
trusted_alone() {
  [ "$(ca_bundle | certificates_in)" = 1 ] && [ "$(ca_bundle | subject)" = "$1" ] && [ "$(issuers)" = "$1" ]
}

# rotated_from SUBJECT: another CA is the only one
rotated_from() {
  local now
  now=$(ca_in_secret | subject)
  [ -n "$now" ] && [ "$now" != "$1" ] && trusted_alone "$now"
}

# short_lived_ca SECONDS DIR: ca.crt and ca.key in DIR, made a day ago, with so many seconds left
short_lived_ca() {
  mkdir -p "$2"
  : > "$2/index"
  printf '[ca]\ndefault_ca = d\n[d]\ndatabase = %s/index\nrand_serial = yes\npolicy = p\nx509_extensions = x\ndefault_md = sha256\n[p]\ncommonName = supplied\n[x]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign\nsubjectKeyIdentifier = hash\n' "$2" > "$2/ca.cnf"
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=short-lived" -keyout "$2/ca.key" -out "$2/ca.csr"
  openssl ca -batch -config "$2/ca.cnf" -selfsign -keyfile "$2/ca.key" -in "$2/ca.csr" -notext -out "$2/ca.crt" -outdir "$2" \
    -startdate "$(date -u -d '1 day ago' +%Y%m%d%H%M%SZ)" -enddate "$(date -u -d "$1 seconds" +%Y%m%d%H%M%SZ)"
}

# webhook_log: what all replicas that there have been have logged
webhook_log() {
  cat "$E2E_DIR/logs/${NAMESPACE}"_*_smc-webhook.log
}

logged() { # TEXT: how many lines of the log have it
  webhook_log | grep -cF "$1" || [ $? = 1 ]
}

# logged_again COUNT TEXT: more lines have it than COUNT
logged_again() {
  [ "$(logged "$2")" -gt "$1" ]
}

injects() { # an annotated pod of namespace apps is injected
  [ "$(dry_run "$SCENARIO_DIR/pod.json" -n apps | first_init)" = smc-init ]
}

export -f ca_bundle certificates_in ca_in_secret subject issuers trusted_alone rotated_from webhook_log logged logged_again \
  injects dry_run first_init # for the commands of `await`
