# shellcheck shell=bash
# The registry of the cluster, on the wire between the nodes. It wants a name and a password, as private ones do.

export REGISTRY=10.245.0.1:5000 REGISTRY_USER=puller REGISTRY_PASSWORD=pulls-for-the-test

start_registry() {
  mkdir -p "$E2E_DIR/registry"
  htpasswd -Bbn "$REGISTRY_USER" "$REGISTRY_PASSWORD" > "$E2E_DIR/registry/htpasswd"
  cat > "$E2E_DIR/registry/config.yaml" <<YAML
version: 0.1
storage: {filesystem: {rootdirectory: $E2E_DIR/registry/data}}
http: {addr: "$REGISTRY", secret: "one registry has no other to share it with"}
auth: {htpasswd: {realm: e2e, path: $E2E_DIR/registry/htpasswd}}
YAML
  docker-registry serve "$E2E_DIR/registry/config.yaml" > "$E2E_DIR/logs/registry.log" 2>&1 &
  await 20 "the registry answers" curl -sf -u "$REGISTRY_USER:$REGISTRY_PASSWORD" "http://$REGISTRY/v2/"
}

push() { # SKOPEO-SOURCE NAME:TAG
  skopeo copy --quiet --all --preserve-digests --dest-tls-verify=false --dest-creds "$REGISTRY_USER:$REGISTRY_PASSWORD" \
    "$1" "docker://$REGISTRY/$2"
}

# one_program NAME TAG FILE ENTRYPOINT...: an image of nothing but that static program
one_program() {
  local layout=$E2E_DIR/registry/$1 name=$1 tag=$2 file=$3 word option=()
  shift 3
  for word in "$@"; do option+=(--config.entrypoint "$word"); done
  umoci init --layout "$layout"
  umoci new --image "$layout:$tag"
  umoci insert --rootless --image "$layout:$tag" "$file" "/${file##*/}"
  umoci config --image "$layout:$tag" "${option[@]}" --config.env PATH=/ --architecture "$(< "$MACHINE/architecture")"
  push "oci:$layout:$tag" "$name:$tag"
}

# The images of `make image`, a shell that nobody of this project wrote, and what holds a pod's sandbox.
push_images() {
  local image name
  for image in "$ROOT"/build/image/*.tar; do
    name=$(basename "$image" .tar)
    push "oci-archive:$image" "${name%-*}:${name##*-}"
  done
  one_program pause 1 "$MACHINE/root/usr/bin/catatonit" /catatonit -P
  one_program busybox 1 "$MACHINE/root/bin/busybox" /busybox
}
