# shellcheck shell=bash
# What the scripts share. Sourced; the caller has `set -euo pipefail` and stands in the project's root.

say() { printf '== %s\n' "$*"; }

# as_root COMMAND...: runs it as root. Asks for no password where nobody could type one.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif [[ -t 0 ]]; then
    sudo "$@"
  else
    sudo --non-interactive "$@"
  fi
}

# build_preset NAME [TARGET...]: configures and builds below build/NAME, through ccache if it is there.
build_preset() {
  local preset=$1 target targets=()
  shift
  for target in "$@"; do
    targets+=(--target "$target")
  done
  if command -v ccache >/dev/null; then
    export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
  fi
  cmake --preset "$preset" --log-level=NOTICE
  cmake --build --preset "$preset" "${targets[@]}"
}
