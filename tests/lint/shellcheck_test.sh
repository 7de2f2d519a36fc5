#!/usr/bin/env bash
# Every shell script passes shellcheck.
set -euo pipefail
source "$(dirname "$0")/tool.sh"
need_tool shellcheck

mapfile -d '' files < <(
  grep --recursive --files-with-matches --null --exclude-dir=corpus '^#!/usr/bin/env bash' \
    scripts .ci tests)
shellcheck --external-sources --source-path=SCRIPTDIR "${files[@]}"
echo "${#files[@]} scripts pass"
