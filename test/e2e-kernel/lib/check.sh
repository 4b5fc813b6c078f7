# Sourced in the test machine. A scenario file calls `row TITLE FUNCTION` for each thing it shows; a row passes when
# its function returns 0. Rows run one after the other, each in a shell of its own whose programs end with it.
# shellcheck shell=bash disable=SC2154,SC2034 # variables of main and for scenarios

# row TITLE FUNCTION [SECONDS]: one line in the table. Fails when the function does, or after SECONDS, 150 unless
# given: ten times what most take on an idle machine.
row() {
  local title=$1 function=$2 limit=${3:-150} start end verdict=PASS log=/tmp/row.log
  start=$(date +%s%N)
  # A job of its own, so that the limit reaches what it started; not in a condition, where `set -e` would not hold.
  (
    set -eE
    trap 'end_programs' EXIT
    trap 'echo "failed: $BASH_COMMAND (line $LINENO)"' ERR
    "$function"
  ) >$log 2>&1 &
  local job=$! status=0
  wait_for_end "$job" "$limit" || { echo "not done after $limit s" >>$log; kill "$job" 2>/dev/null; }
  wait "$job" 2>/dev/null || status=$?
  end=$(date +%s%N)
  [ $status = 0 ] || verdict=WRONG
  printf '%s\t%s\t%s\t%d.%d\t%s\n' "$scenario" "$title" "$verdict" \
    $(((end - start) / 1000000000)) $(((end - start) / 100000000 % 10)) "$(sed -n 's/^note: //p' $log | tail -1)" >>"$results"
  printf '%-5s %s %s\n' "$verdict" "$scenario" "$title"
  [ $verdict = PASS ] || sed 's/^/      | /' $log
}

wait_for_end() {
  local pid=$1 end=$((SECONDS + $2))
  while kill -0 "$pid" 2>/dev/null; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.2
  done
}

# note TEXT: stands in the table's last column; the row's last one counts.
note() { echo "note: $*"; }

fail() {
  echo "failed: $*"
  exit 1
}

# start NAME COMMAND...: runs a program until the row ends; its output is in /tmp/NAME.out.
start() {
  local name=$1
  shift
  : >"/tmp/$name.out" # at once: nobody may read what an earlier program of that name has said
  "$@" >"/tmp/$name.out" 2>&1 &
  echo $! >>/tmp/row.pids
  last_pid=$!
}

end_programs() {
  end_programs_but ""
  rm -f /tmp/row.pids
  wait
}

# end_programs_but PID: all that the row has started, without that one.
end_programs_but() {
  local pid
  [ -e /tmp/row.pids ] || return 0
  while read -r pid; do [ "$pid" = "$1" ] || kill "$pid" 2>/dev/null || true; done </tmp/row.pids
}

# eventually LIMIT COMMAND...: repeats the command until it succeeds, for LIMIT seconds at most.
eventually() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    if [ $SECONDS -ge $end ]; then
      "$@" || true
      fail "never came true: $*"
    fi
    sleep 0.1
  done
}

# exits CODE COMMAND...: runs the command and demands its exit status; output in $output and in the row's log.
exits() {
  local expected=$1 status=0
  shift
  output=$("$@" 2>&1) || status=$?
  printf '%s\n' "$output"
  [ "$status" = "$expected" ] || fail "exit status $status, not $expected: $*"
}

# says TEXT: the last command run by `exits` printed it (letters' case aside).
says() { grep -qiF -- "$1" <<<"$output" || fail "does not say: $1"; }

equal() { [ "$1" = "$2" ] || fail "${3:-value} is '$1', not '$2'"; }

# holds FILTER COMMAND...: the command's JSON output satisfies the jq filter.
holds() {
  local filter=$1 json
  shift
  json=$("$@")
  jq -e "$filter" <<<"$json" >/dev/null || fail "$* gives $json, which is not: $filter"
}
