# shellcheck shell=bash
# need_tool NAME: ends the test as skipped when NAME is not installed; on CI that is a failure.
need_tool() {
  command -v "$1" >/dev/null && return
  echo "$1 is not installed (scripts/setup installs it)" >&2
  [[ ${CI:-} == true ]] && exit 1
  exit 77
}
