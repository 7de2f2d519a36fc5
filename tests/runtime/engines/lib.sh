# shellcheck shell=bash disable=SC2154 # `scratch` is the script's
# What the scripts of this folder have in common. Each drives a container engine as people do every day and
# checks what comes out, with a runtime of choice under it:
#
#   tests/runtime/engines/docker.sh                 boxrun of the dev preset
#   RUNTIME=runc tests/runtime/engines/podman.sh    another one, to compare with
#   ONLY=exec tests/runtime/engines/docker.sh       only the uses whose name holds this word
#   QUICK=1 ...                                     a dozen uses, for ctest
#
# The engine has its own state, socket and cgroup, and the image is made of busybox: nothing is fetched, and
# nothing of an engine that runs on the machine already is touched. Ends with `N of M`, and with status 0 if
# N is M, 77 if the machine lacks something.

set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
runtime=${RUNTIME:-boxrun}
passed=0
uses=0

skip() {
  echo "skipped: $*"
  exit 77
}

# The program of the runtime.
runtime_path() {
  case $runtime in
    boxrun) readlink -f "${BOXRUN:-$here/../../../build/dev/runtime/boxrun}" ;;
    */*) readlink -f "$runtime" ;;
    *) command -v "$runtime" ;;
  esac
}

need() {
  local program
  for program; do
    command -v "$program" >/dev/null || skip "$program is not installed"
  done
  ((EUID == 0)) || skip 'needs root'
  [[ -x /bin/busybox ]] || skip '/bin/busybox (busybox-static) is not installed'
  path=$(runtime_path)
  [[ -x $path ]] || skip "the runtime $runtime is not there"
}

# A root filesystem of busybox, with what a few uses look for.
make_rootfs() {
  local root=$1 applet
  mkdir -p "$root"/{bin,dev,etc,home/user,proc,root,sys,tmp,usr/bin,var/data}
  cp /bin/busybox "$root/bin/busybox"
  for applet in $(/bin/busybox --list); do
    [[ -e $root/bin/$applet ]] || ln -s busybox "$root/bin/$applet"
  done
  printf '%s\n' root:x:0:0:root:/root:/bin/sh user:x:1000:1000:user:/home/user:/bin/sh \
    nobody:x:65534:65534:nobody:/:/bin/false >"$root/etc/passwd"
  printf '%s\n' root:x:0: tty:x:5: staff:x:50:user user:x:1000: >"$root/etc/group"
  echo from-image >"$root/var/data/seed"
  printf '#!/bin/sh\necho ran\n' >"$root/bin/noexec"
  printf '#!/no/such/interpreter\n' >"$root/bin/orphan"
  chmod 0755 "$root/bin/orphan"
  chmod 0644 "$root/bin/noexec"
  chmod 1777 "$root/tmp"
  chown 1000:1000 "$root/home/user"
}

# expect NAME STATUS GLOB COMMAND...: the command ends with STATUS, a pattern too, and prints what GLOB matches. A
# GLOB that begins with `2>` is about errors, which docker prints now here, now there.
expect() {
  local name=$1 want=$2 glob=$3 out status text
  shift 3
  [[ $name == *"${ONLY:-}"* ]] || return 0
  uses=$((uses + 1))
  out=$("$@" 2>"$scratch/err" </dev/null)
  status=$?
  text=$out
  if [[ $glob == '2>'* ]]; then
    glob=${glob#2>}
    text=$(<"$scratch/err")$out
  fi
  # shellcheck disable=SC2053 # a pattern is what it is
  if [[ $status == $want && $text == $glob ]]; then
    passed=$((passed + 1))
    echo "ok $uses - $name"
  else
    echo "not ok $uses - $name"
    echo "  status $status, not $want; or the output is not: $glob"
    printf '%s\n' "$out" | sed 's/^/  | /'
    sed 's/^/  ! /' "$scratch/err"
  fi
}

# Until COMMAND succeeds, ten seconds at most.
await() {
  local attempt
  for ((attempt = 0; attempt < 100; attempt++)); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.1
  done
  return 1
}

finish() {
  echo "$1 with $runtime: $passed of $uses"
  ((passed == uses))
}
