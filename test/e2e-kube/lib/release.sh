# shellcheck shell=bash
# The chart's release, and the programs that its images stand for.

export CHART=$ROOT/charts/smc-webhook

# kubelet.py runs these where a pod names an image of ours: image name -> program here, and its place in the image.
export_programs() {
  local bin=$ROOT/build/release/bin
  PROGRAMS=$(jq -nc --arg bin "$bin" '
    [["smc-webhook", "smc-webhook"], ["smc-node-init", "smc-node-init"], ["smc-node-agent", "smc-node-agent"]]
    | map({key: .[0], value: {file: ($bin + "/" + .[1]), path: ("/" + .[1])}}) | from_entries')
  export PROGRAMS
}
