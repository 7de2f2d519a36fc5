#!/usr/bin/env bash
# Every C++ file is formatted as .clang-format says. To repair: scripts/format
set -euo pipefail
source "$(dirname "$0")/tool.sh"
need_tool clang-format-14

mapfile -d '' files < <(find cmake tracer decoders runtime tests -name '*.cc' -print0 -o -name '*.h' -print0)
clang-format-14 --dry-run -Werror "${files[@]}"
echo "${#files[@]} files are formatted"
