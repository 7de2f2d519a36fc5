#!/usr/bin/env bash
# readme_test.sh BUILD_DIR: runs the commands of README.md. A `console` block is run when the line above
# it says `<!-- run -->`: each line that starts with `$ ` must succeed. Under `<!-- run: exact -->` its
# output must also be the one that is printed. Pids and times differ from run to run, hence the two.
set -euo pipefail
PATH=$1/tracer/cli:$1/runtime:$PATH
export PATH LC_ALL=C.UTF-8

scratch=$(mktemp -d)
ln -s "$PWD/traces" "$scratch/traces"
ln -s "$PWD/tests/filters" "$scratch/filters"
trap 'rm -rf "$scratch"' EXIT
mode='' inside=0 command='' expected='' ran=0 status=0

run_command() {
  [[ -n $command ]] || return 0
  local output
  ran=$((ran + 1))
  if ! output=$(cd "$scratch" && timeout 60 bash -c "$command" 2>&1 </dev/null); then
    printf 'fails: %s\n%s\n' "$command" "$output"
    status=1
  elif [[ $mode == exact && $output$'\n' != "$expected" ]]; then
    printf 'prints something else: %s\n' "$command"
    diff <(printf '%s' "$expected") <(printf '%s\n' "$output") || true
    status=1
  fi
  command='' expected=''
}

while IFS= read -r line; do
  if ((inside)); then
    case $line in
      '```') run_command && inside=0 mode='' ;;
      '$ '*) run_command && command=${line#'$ '} ;;
      *) expected+=$line$'\n' ;;
    esac
  elif [[ $line =~ ^'<!-- run'(': '(exact))?' -->'$ ]]; then
    mode=${BASH_REMATCH[2]:-succeeds}
  elif [[ $line == '```console' && -n $mode ]]; then
    inside=1
  fi
done <README.md

((ran > 0)) || { echo 'README.md has no block marked to run'; exit 1; }
((status)) || echo "$ran commands of README.md do what it says"
exit "$status"
