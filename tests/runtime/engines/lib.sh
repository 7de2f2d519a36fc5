# shellcheck shell=bash disable=SC2154 # `daemon` is the script's
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
  [[ -x /bin/busybox ]] || skip '/bin/busybox (busybox-static) is not installed'
  path=$(runtime_path)
  [[ -x $path ]] || skip "the runtime $runtime is not there"
}
need_root() { ((EUID == 0)) || skip 'needs root'; }

# begin: a folder `scratch` with a root filesystem in `root`, a name for cgroups, and an end that leaves nothing.
begin() {
  scratch=$(mktemp -d)
  group=boxrun-engines-$$
  engine=$scratch/engine
  trap end EXIT
  mkdir "$scratch/root"
  # Root of a user namespace is another user.
  chmod 711 "$scratch"
  make_rootfs "$scratch/root"
  # Some programs of engines write where they are (conmon: `oom`).
  cd "$scratch" || exit
}

# What the script has begun: its function `stop_engine`, then cgroups and files.
end() {
  [[ ! -e $engine ]] || stop_engine
  await remove_cgroups || echo "cgroups are left: $(our_cgroups | head -n 3)"
  rm -rf "$scratch"
}
our_cgroups() { find /sys/fs/cgroup -depth -type d -path "*/$group*"; } 2>/dev/null
# A monitor (conmon, a shim) outlives its container by a moment.
remove_cgroups() {
  our_cgroups | xargs -r rmdir 2>/dev/null
  [[ -z $(our_cgroups) ]]
}

# engine_is SECONDS WORD...: the command line of the engine, for `e` and for what needs a program's path. A signal is
# for the engine's own process, as from a shell: timeout(1) would pass it on to all that it has started.
engine_is() {
  printf '#!/bin/sh\nexec timeout --foreground -k 5 %s %s "$@"\n' "$1" "${*:2}" >"$engine"
  chmod +x "$engine"
}
e() { "$engine" "$@"; }

# await_engine NAME: until it answers.
await_engine() {
  await e version && return
  tail -n 5 "$scratch/log"
  skip "$1 does not start on this machine"
}
stop_daemon() {
  kill "$daemon" 2>/dev/null
  await eval "! kill -0 $daemon"
}

# podman_is: podman with a store and a configuration of our own, for whoever runs the script.
podman_is() {
  # It asks for more open files than a machine without CAP_SYS_RESOURCE can grant; no runtime could.
  cat >"$scratch/containers.conf" <<TOML
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
init_path = "$(command -v tini-static || command -v docker-init || command -v catatonit)"
[engine]
cgroup_manager = "${cgroup_manager:-cgroupfs}"
events_logger = "file"
runtime = "under-test"
runtime_supports_json = ["under-test"]
no_pivot_root = false
[engine.runtimes]
under-test = ["$path"]
TOML
  engine_is "${SECONDS_A_USE:-90}" env "CONTAINERS_CONF=$scratch/containers.conf" podman --root "$scratch/store" \
    --runroot "$scratch/run" --tmpdir "$scratch/tmp" --storage-driver vfs
  tar -C "$scratch/root" --owner=0 --group=0 -c . | e import - box:1 >"$scratch/log" 2>&1 || {
    tail -n 5 "$scratch/log"
    skip 'podman does not work on this machine'
  }
}
stop_podman() {
  e rm -fa -t 0
  e pod rm -fa
  umount "$scratch"/store/*
} >/dev/null 2>&1

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
  ((EUID != 0)) || chown 1000:1000 "$root/home/user"
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

# limit_of NAME CONTROLLER FILE: of cgroup v1, of the process that the script's `pid_of` names.
limit_of() {
  local group
  group=$(awk -F: -v c="$2" '$2 ~ "(^|,)" c "(,|$)" { print $3 }' "/proc/$(pid_of "$1")/cgroup")
  local directory
  for directory in /sys/fs/cgroup/"$2" /sys/fs/cgroup/*,"$2" /sys/fs/cgroup/"$2",*; do
    [[ -f $directory$group/$3 ]] && cat "$directory$group/$3" && return
  done
  # Where only a part of the hierarchy is mounted.
  find /sys/fs/cgroup/"$2" -path "*${group##*/}/$3" -exec cat {} +
}

# Until COMMAND succeeds, ten seconds at most.
await() {
  local attempt
  for ((attempt = 0; attempt < 100; attempt++)); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  return 1
}

finish() {
  echo "$1 with $runtime: $passed of $uses"
  ((passed == uses))
}
