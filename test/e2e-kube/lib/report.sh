# shellcheck shell=bash
# The table of scenarios: each file below scenarios/ runs in a shell of its own and says what it found with the
# functions here. A scenario passes when it ends with 0; `fail` and any failing command end it.

# await SECONDS WHAT COMMAND...: repeats COMMAND until it succeeds.
await() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || fail "waited in vain: $what"
    sleep 0.1
  done
}

fail() {
  echo "FAIL: $*" >&2
  exit 1
}

# equal WHAT EXPECTED ACTUAL
equal() {
  [ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"
}

# matches WHAT PATTERN TEXT: an extended regular expression
matches() {
  [[ $3 =~ $2 ]] || fail "$1: nothing like '$2' in '$3'"
}

# figure TEXT: a number for the table's last column
figure() {
  printf '%s' "$*" >> "$SCENARIO_DIR/figure"
}

# not_run WHAT REASON: a line of the table for what this control plane cannot carry
not_run() {
  printf '%s\t%s\n' "$1" "$2" >> "$E2E_DIR/not_run"
}

# run_scenario FILE: its first line says what it shows. Prints one line of the table.
run_scenario() {
  local file=$1 name title started=$EPOCHREALTIME verdict=pass seconds
  name=$(basename "$file" .sh)
  title=$(sed -n '1s/^# *//p' "$file")
  SCENARIO_DIR=$E2E_DIR/scenarios/$name
  mkdir -p "$SCENARIO_DIR"
  export SCENARIO_DIR
  ( # in the background, since bash ignores `set -e` in the left part of a `||`
    set -euo pipefail
    [ -z "${TRACE:-}" ] || set -x
    # shellcheck source=/dev/null
    . "$file"
  ) > "$SCENARIO_DIR/log" 2>&1 &
  wait $! || verdict=FAIL
  seconds=$(jq -n "$EPOCHREALTIME - $started" | cut -c1-5)
  printf '%s\t%s\t%s\t%s\n' "$title" "$verdict" "$seconds" "$(cat "$SCENARIO_DIR/figure" 2>/dev/null)" >> "$E2E_DIR/table"
  printf '%-7s %6.1f s  %s\n' "$verdict" "$seconds" "$title"
  [ "$verdict" = pass ] || sed 's/^/        | /' <(tail -15 "$SCENARIO_DIR/log")
}

# print_table DIR...: of the clusters whose folders these are. One without a verdict is wrong.
print_table() {
  local tables=("${@/%//table}") not_run=("${@/%//not_run}") wide passed failed
  wide=$(cut -f1 "${tables[@]}" "${not_run[@]}" | awk '{if (length > w) w = length} END {print w}')
  echo
  awk -F'\t' -v w="$wide" '{printf "%-*s  %-7s  %6.1f s  %s\n", w, $1, $2, $3, $4}' "${tables[@]}"
  awk -F'\t' -v w="$wide" '{printf "%-*s  not run            %s\n", w, $1, $2}' "${not_run[@]}"
  passed=$(awk -F'\t' '$2 == "pass"' "${tables[@]}" | wc -l)
  failed=$(awk -F'\t' '$2 != "pass"' "${tables[@]}" | wc -l)
  echo
  echo "$passed passed, $failed failed, $(cat "${not_run[@]}" | wc -l) not run, $SECONDS s"
  [ "$failed" = 0 ]
}
