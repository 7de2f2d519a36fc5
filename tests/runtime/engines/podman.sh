#!/usr/bin/env bash
# shellcheck disable=SC2016,SC2034 # scripts for the container are not expanded here; uses.sh reads the variables
# Everyday uses of podman, with a store of our own: see lib.sh.
source "$(dirname "$0")/lib.sh"
source "$here/uses.sh"
need podman conmon script
need_root
stop_engine() { stop_podman; }
begin
podman_is
image=box:1
plain=(--network none --cgroup-parent "/$group")
bare=(--cgroup-parent "/$group")
at_once=(-t 0)
exec_missing_status=127
exec_paused_status=255
exec_stopped_status=255

healthy() {
  with c1 --health-cmd 'test -e /tmp/ok' --health-interval disable 'touch /tmp/ok; echo up; sleep 100' -- \
    eval 'await_log c1 up; e healthcheck run c1 && e exec c1 rm /tmp/ok && ! e healthcheck run c1'
}
in_pod() {
  e pod create --name p1 --network none --cgroup-parent "/$group" --infra-command /bin/sleep\ 1000 --infra-image "$image" >/dev/null 2>&1
  e run --rm --pod p1 "$image" readlink /proc/self/ns/ipc >"$scratch/ipc"
  e run --rm --pod p1 "$image" readlink /proc/self/ns/ipc | diff - "$scratch/ipc" && echo same
  e pod rm -f -t 0 p1 >/dev/null 2>&1
}
all_uses
if [[ -z ${QUICK:-} ]]; then
  expect 'podman: the runtime' 0 "under-test*" e info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Version}}'
  expect 'podman: health checks' 0 '*' healthy
  expect 'podman: --net host' 0 '*lo*' e run --rm "${bare[@]}" --network host "$image" ls /sys/class/net
  expect 'podman: a pod' 0 same in_pod
  expect 'podman: --userns with id maps' 0 '*0*100000*65536' sh_in --uidmap 0:100000:65536 --gidmap 0:100000:65536 'cat /proc/self/uid_map'
  expect 'podman: exec into a user namespace' 0 '0 100000' with c1 --uidmap 0:100000:65536 --gidmap 0:100000:65536 'sleep 100' -- \
    e exec c1 sh -c 'echo $(id -u) $(awk "{print \$2}" /proc/self/uid_map)'
  expect 'podman: --group-add keep-groups' 0 '64323 64324*' setpriv --groups 64323,64324 "$engine" run --rm "${plain[@]}" \
    --group-add keep-groups "$image" sed -n 's/^Groups:.//p' /proc/self/status
  expect 'podman: --umask' 0 0077 sh_in --umask 0077 umask
  expect 'podman: --timeout' 255 '' e run --rm "${plain[@]}" --timeout 1 "$image" sleep 100
  expect 'podman: --annotation' 0 value eval 'with c1 --annotation org.example.key=value "sleep 100" -- e inspect --format "{{index .Config.Annotations \"org.example.key\"}}" c1'
  expect 'podman: --preserve-fds' 0 passed eval 'e run --rm "${plain[@]}" --preserve-fds 1 "$image" sh -c "cat <&3" 3<<<passed'
fi
finish podman
