#!/usr/bin/env bash
# docs_test.sh BUILD_DIR: the files of the project name nothing of the machine they were made on, and no
# document points at a file that is not there.
set -euo pipefail
build=$1
status=0

# Text of the working tree; .git and build trees are not part of it.
search=(grep --recursive --line-number --binary-files=without-match --exclude-dir=.git --exclude-dir=build)

# The folder this checkout stands in and the home of who runs this, as whole path prefixes. A name of
# one component is too common to tell: a checkout may well stand in /app, and a test may mount one.
for path in "$PWD" "$(dirname "$PWD")" "$build" "${HOME:-/root}"; do
  [[ $path =~ ^/[^/]+/.+ && ! $path =~ ^/(usr|var)/ ]] || continue
  escaped=$(printf '%s' "$path" | sed 's/[][\.*^$+?(){}|]/\\&/g')
  if "${search[@]}" --extended-regexp --regexp="(^|[^A-Za-z0-9_./-])$escaped(/|[^A-Za-z0-9_./-]|\$)" .; then
    echo "^ names $path, a folder of this machine" >&2
    status=1
  fi
done

# [text](target): relative targets exist.
while IFS= read -r document; do
  while IFS= read -r target; do
    [[ $target =~ ^(https?:|mailto:|#) ]] && continue
    if [[ ! -e $(dirname "$document")/${target%%#*} ]]; then
      echo "$document links to $target, which does not exist" >&2
      status=1
    fi
  done < <(grep -oE '\]\([^) ]+\)' "$document" | sed -E 's/^\]\((.*)\)$/\1/')
done < <(find . -name '*.md' -not -path './build/*' -not -path './.git/*')

((status)) || echo "documents are fit for any machine"
exit "$status"
