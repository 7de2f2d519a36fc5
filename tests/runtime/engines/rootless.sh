#!/usr/bin/env bash
# shellcheck disable=SC2016,SC2034 # scripts for the container are not expanded here; uses.sh reads the variables
# Everyday uses of podman by an ordinary user: see lib.sh. Root is needed to become one: a user who exists, with
# a range of subordinate ids, only in the mount namespace of this script. Without a cgroup of their own such
# containers have no limits, and cannot be paused; podman itself says so.
source "$(dirname "$0")/lib.sh"
source "$here/uses.sh"
need podman conmon script newuidmap newgidmap setpriv unshare
uid=64322

# Whatever podman does in a user namespace leaves a process in it, for the next podman to find it by.
end_pauses() {
  local pid
  for pid in $(pgrep -U "$uid" podman); do
    ! grep -qz "^XDG_RUNTIME_DIR=$home/run" "/proc/$pid/environ" || kill -KILL "$pid"
  done
}
as_user() {
  need_root
  home=$(mktemp -d)
  trap 'end_pauses; rm -rf "$home"' EXIT
  chmod 711 "$home"
  mkdir "$home/home" "$home/run"
  { cat /etc/passwd && echo "boxer:x:$uid:$uid::$home/home:/bin/sh"; } >"$home/passwd"
  { cat /etc/group && printf '%s\n' "boxer:x:$uid:" "boxers:x:$((uid + 1)):boxer"; } >"$home/group"
  echo shared >"$home/shared"
  chown "0:$((uid + 1))" "$home/shared"
  chmod 640 "$home/shared"
  echo boxer:3000000:65536 >"$home/subids"
  # A build tree may be where only its owner can read.
  cp "$path" "$home/runtime"
  cp "$here"/{lib,uses,rootless}.sh "$home"
  chmod 755 "$home"/{runtime,*.sh}
  chown -R "$uid:$uid" "$home"/{home,run}
  chmod 700 "$home/run"
  unshare --mount --propagation private bash -c '
    set -e
    mount --make-rshared /
    for file in passwd group; do mount --bind "$0/$file" "/etc/$file"; done
    for file in subuid subgid; do [ -e "/etc/$file" ] && mount --bind "$0/subids" "/etc/$file"; done
    cd "$0"
    exec setpriv --reuid "$1" --regid "$1" --init-groups env -i "PATH=$PATH" "HOME=$0/home" "TMPDIR=$0/home" \
      "XDG_RUNTIME_DIR=$0/run" "QUICK=$2" "ONLY=$3" "RUNTIME=$0/runtime" bash "$0/rootless.sh"' \
    "$home" "$uid" "${QUICK:-}" "${ONLY:-}"
}
((EUID != 0)) || {
  as_user
  exit
}

stop_engine() { stop_podman; }
# Files of other ids than the user's are podman's to remove.
end_of_user() {
  stop_engine
  podman unshare rm -rf "$scratch" 2>/dev/null
}
begin
trap end_of_user EXIT
podman_is
image=box:1
plain=(--network none)
bare=()
at_once=(-t 0)
exec_missing_status=127
exec_paused_status=255
exec_stopped_status=255
without_cgroups=yes
# podman is two processes, of which the one outside the user namespace just ends when it is told to.
proxy_of() {
  local pid=$1 child
  while child=$(pgrep -P "$pid"); do
    pid=$child
  done
  echo "$pid"
}

rootless_uses() {
  expect 'rootless: root inside, the user outside' 0 "0 0 $uid 1" sh_in 'echo $(id -u) $(head -n 1 /proc/self/uid_map)'
  expect 'rootless: the range of subordinate ids' 0 '* 1 3000000 65536' sh_in 'echo $(cat /proc/self/uid_map)'
  expect 'rootless: a user of the range' 0 1000 sh_in --user 1000 'id -u'
  expect 'rootless: --userns keep-id' 0 "$uid" sh_in --userns keep-id 'id -u'
  expect 'rootless: groups of the user are gone' 1 '2>*denied*' sh_in -v "$here/shared:/shared" 'cat /shared'
  expect 'rootless: --group-add keep-groups' 0 shared sh_in -v "$here/shared:/shared" --group-add keep-groups 'cat /shared'
  expect 'rootless: keep-groups and exec' 0 shared with c1 -v "$here/shared:/shared" --group-add keep-groups 'sleep 100' -- \
    e exec c1 cat /shared
  expect 'rootless: exec' 0 in execs 'echo in'
  expect 'rootless: exec as a user' 0 '1000 5' execs -u 1000:5 'echo $(id -u) $(id -g)'
  expect 'rootless: --net host' 0 '*lo*' e run --rm --network host "$image" ls /sys/class/net
  expect 'rootless: pause is refused' 125 '2>*can not pause containers on rootless containers*' with c1 'sleep 100' -- e pause c1
  expect 'rootless: no device that is not there already' 1 '2>*not permitted*' sh_in 'mknod /tmp/kmsg c 1 11'
  expect 'rootless: nothing of the host may be mounted over' 1 '' sh_in 'mount -t tmpfs x /tmp'
  expect 'rootless: --privileged' 0 mounted sh_in --privileged 'mount -t tmpfs x /tmp && echo mounted'
}
if [[ -n ${QUICK:-} ]]; then
  rootless_uses
else
  run_and_streams
  life
  exec_uses
  identity
  files
  rootless_uses
fi
finish 'podman of an ordinary user'
