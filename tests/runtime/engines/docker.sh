#!/usr/bin/env bash
# shellcheck disable=SC2016,SC2034 # scripts for the container are not expanded here; uses.sh reads the variables
# Everyday uses of docker, with a dockerd of our own: see lib.sh. The daemon lives in namespaces of its own
# (mounts and network), so that it can have a bridge, and no mount outlives it.
source "$(dirname "$0")/lib.sh"
source "$here/uses.sh"
need docker dockerd containerd script unshare
need_root
stop_engine() {
  e ps -aq 2>/dev/null | xargs -r "$engine" rm -f >/dev/null 2>&1
  stop_daemon
}
begin
# The daemon's cgroups are below ours, and its network namespace has a bridge.
unshare --mount --net bash -c '
  ip link set lo up
  exec dockerd --data-root "$0/data" --exec-root "$0/exec" --pidfile "$0/pid" -H "unix://$0/sock" \
    --iptables=false --ip6tables=false --storage-driver vfs --cgroup-parent "/$1" \
    --add-runtime "under-test=$2" --default-runtime under-test' \
  "$scratch" "$group" "$path" >"$scratch/log" 2>&1 </dev/null &
daemon=$!
engine_is 90 docker -H "unix://$scratch/sock"
await_engine dockerd
tar -C "$scratch/root" -c . | e import - box:1 >/dev/null
image=box:1
plain=(--network none)
bare=()
at_once=()
exec_missing_status="12[67]"
exec_paused_status=1
exec_stopped_status=1

healthy() {
  with c1 --health-cmd 'test -e /tmp/ok' --health-interval 1s --health-retries 1 'sleep 1; touch /tmp/ok; sleep 100' -- \
    eval 'await eval "[[ \$(e inspect --format \"{{.State.Health.Status}}\" c1) == healthy ]]" &&
          e inspect --format "{{.State.Health.Status}}" c1'
}

oom_noticed() {
  with c1 --memory 16m --memory-swap 16m 'x=1234567890; while :; do x=$x$x; done' -- \
    eval 'e wait c1 >/dev/null; e inspect --format "{{.State.OOMKilled}}" c1'
}
bridged() {
  e run -d --name c1 "$image" sh -c 'echo served > /tmp/index.html; httpd -f -p 80 -h /tmp' >/dev/null
  local address
  address=$(e inspect --format '{{.NetworkSettings.IPAddress}}' c1)
  e run --rm "$image" sh -c "sleep 0.5; wget -qO- http://$address/index.html"
  drop c1
}
all_uses
if [[ -z ${QUICK:-} ]]; then
  expect 'docker: the default runtime' 0 under-test e info --format '{{.DefaultRuntime}}'
  expect 'docker: out of memory is noticed' 0 true oom_noticed
  expect 'docker: health checks' 0 healthy healthy
  expect 'docker: -w makes the directory' 0 /new/one sh_in -w /new/one pwd
  expect 'docker: --net bridge' 0 served bridged
  expect 'docker: --net host' 0 '*docker0*' e run --rm --network host "$image" ls /sys/class/net
  expect 'docker: --add-host' 0 '*10.9.8.7*peer*' e run --rm --add-host peer:10.9.8.7 "$image" cat /etc/hosts
  expect 'docker: update --memory' 0 67108864 updated memory memory.limit_in_bytes --memory 64m --memory-swap 64m
  expect 'docker: update --cpus' 0 150000 updated cpu cpu.cfs_quota_us --cpus 1.5
  expect 'docker: update --pids-limit' 0 33 updated pids pids.max --pids-limit 33
  expect 'docker: --cgroup-parent' 0 "*/$group/sub/*" e run --rm --network none --cgroup-parent "/$group/sub" --cgroupns host "$image" cat /proc/self/cgroup
fi
finish docker
