#!/usr/bin/env bash
# shellcheck disable=SC2016,SC2034 # scripts for the container are not expanded here; lib.sh reads the variables
# The systemd cgroup driver against a real systemd: boxrun itself, and engines that choose that driver. Needs a
# systemd as pid 1, which is given to it by tests/vm/run; any machine with one will do:
#
#   sudo tests/runtime/engines/systemd.sh
#   ROOTLESS_USER=NAME ...     a user whose systemd runs, for the rootless uses; else they are left out
#   ENGINES='podman docker'    of these those that are installed
source "$(dirname "$0")/lib.sh"
need jq systemctl setpriv
need_root
[[ -d /run/systemd/system ]] || skip 'no systemd runs here'
stop_engine() { :; }
begin
mark=boxrun-engines-$$
slice=${mark//-/_}-inner.slice
scope=test-$mark.scope

b() { "$path" --root "$scratch/state" --systemd-cgroup "$@"; }
set_config() { jq "$1" "$scratch/b/config.json" >"$scratch/new" && mv "$scratch/new" "$scratch/b/config.json"; }
start() { b run -d -b "$scratch/b" "$mark" >/dev/null </dev/null; }
init() { b state "$mark" | jq .pid; }
show() { systemctl show --value -p "$1" "$scope"; }
# group PID [CONTROLLER]: the directory of its cgroup.
group() {
  local path
  path=$(awk -F: -v c="${2:-memory}" '$2 ~ "(^|,)" c "(,|$)" { print $3 }' "/proc/$1/cgroup")
  if [[ -n $path ]]; then
    for directory in /sys/fs/cgroup/"${2:-memory}" /sys/fs/cgroup/*,"${2:-memory}" /sys/fs/cgroup/"${2:-memory}",*; do
      [[ ! -d $directory ]] || echo "$directory$path"
    done | head -n 1
  else
    echo "/sys/fs/cgroup$(awk -F: '$1 == 0 { print $3 }' "/proc/$1/cgroup")"
  fi
}
# limit CONTROLLER FILE...: the content of the first of these files that is there.
limit() {
  local directory file
  directory=$(group "$(init)" "$1")
  for file in "${@:2}"; do
    [[ ! -f $directory/$file ]] || cat "$directory/$file"
  done
}
# As long as the unit is there, so is the cgroup.
left() {
  await eval '[[ -z $(systemctl list-units --all --plain --no-legend "*$mark*") ]]'
  systemctl list-units --all --plain --no-legend "*$mark*"
  find /sys/fs/cgroup -type d -name "*$mark*"
  find "$scratch/state" -mindepth 1 -maxdepth 1 -not -name @seccomp
}

mkdir "$scratch/b"
"$path" bundle --busybox "$scratch/b" >/dev/null
set_config '.process.args = ["/bin/sh", "-c", "sleep 1000"] | .process.terminal = false'

# ---- the default name ----
expect 'run to the end' 0 hello eval "set_config '.process.args[2] = \"echo hello\"'; b run -b '$scratch/b' '$mark'"
expect 'the default scope' 0 "*/system.slice/boxrun-$mark.scope*" eval \
  "set_config '.process.args[2] = \"cat /proc/self/cgroup\" | del(.linux.namespaces[] | select(.type == \"cgroup\"))'; b run -b '$scratch/b' '$mark'"
expect 'nothing is left' 0 '' left

# ---- a name of our own, and limits ----
set_config ".process.args[2] = \"sleep 1000\" | .process.capabilities[] += [\"CAP_MKNOD\"] | .linux.cgroupsPath = \"$slice:test:$mark\" | .linux.resources += {
  memory: {limit: 67108864, swap: 100663296, reservation: 33554432}, pids: {limit: 50},
  cpu: {shares: 512, quota: 25000, period: 50000, cpus: \"0\"}} |
  .annotations[\"org.systemd.property.Description\"] = \"'of the test'\" |
  .annotations[\"org.systemd.property.TimeoutStopSec\"] = \"uint64 7\""
cp "$scratch/b/config.json" "$scratch/good"
expect 'create and start' 0 '' eval "b create -b '$scratch/b' '$mark' </dev/null >/dev/null && b start '$mark'"
expect 'status shows the scope in its slice' 0 "*$scope - of the test*active (running)*/${mark//-/_}.slice/$slice/$scope*sleep 1000*" \
  systemctl status --no-pager "$scope"
expect 'a second container of that name is refused' 1 '2>*the cgroup*has processes already*' b run -b "$scratch/b" other
expect 'init is alone in the scope' 0 '1' eval 'sort -u "$(group "$(init)")/cgroup.procs" | wc -l'
expect 'every hierarchy has init' 0 '' eval 'grep -v -e "name=" -e "$scope" "/proc/$(init)/cgroup" | grep -v "^0::/$" || true'
expect 'systemd: memory' 0 67108864 show MemoryMax
expect 'systemd: memory reservation' 0 33554432 show MemoryLow
expect 'systemd: tasks' 0 50 show TasksMax
expect 'systemd: CPU quota' 0 '500ms 50ms' eval 'echo $(show CPUQuotaPerSecUSec) $(show CPUQuotaPeriodUSec)'
expect 'systemd: an annotation in seconds' 0 7s show TimeoutStopUSec
expect 'systemd: delegated' 0 yes show Delegate
expect 'systemd: devices' 0 'strict *char-136 rwm*' eval 'echo $(show DevicePolicy) $(show DeviceAllow)'
expect 'cgroup: memory' 0 67108864 limit memory memory.max memory.limit_in_bytes
expect 'cgroup: pids' 0 50 limit pids pids.max
expect 'cgroup: CPU time' 0 '25000*' limit cpu cpu.max cpu.cfs_quota_us
expect 'cgroup: CPUs' 0 0 limit cpuset cpuset.cpus
if [[ -f /sys/fs/cgroup/cgroup.controllers ]]; then
  expect 'systemd: swap' 0 33554432 show MemorySwapMax
  expect 'systemd: weight' 0 20 show CPUWeight
  expect 'systemd: CPUs' 0 0 show AllowedCPUs
  expect 'cgroup: weight' 0 20 limit cpu cpu.weight
else
  expect 'systemd: shares' 0 512 show CPUShares
  expect 'cgroup: shares' 0 512 limit cpu cpu.shares
fi
expect 'exec is in the scope too' 0 same eval \
  'b exec -d "$mark" sleep 999 </dev/null >/dev/null 2>&1 && diff "/proc/$(init)/cgroup" "/proc/$(pgrep -f "^sleep 999")/cgroup" && echo same'
expect 'daemon-reload takes nothing back' 0 '67108864 0 25000*' eval \
  'systemctl daemon-reload && echo $(limit memory memory.max memory.limit_in_bytes; limit cpuset cpuset.cpus; limit cpu cpu.max cpu.cfs_quota_us)'
expect 'devices after it' 1 '*not permitted' eval \
  "b exec '$mark' sh -c 'cat /dev/null && mknod /dev/kmsg2 c 1 11; cat /dev/kmsg2' 2>&1 | tail -n 1"
expect 'update' 0 '' b update --memory 80m --memory-swap 100m --pids-limit 60 --cpu-quota 10000 "$mark"
expect 'systemd after the update' 0 '83886080 60 200ms' eval 'echo $(show MemoryMax) $(show TasksMax) $(show CPUQuotaPerSecUSec)'
expect 'cgroup after the update' 0 '83886080 60 10000*' eval \
  'echo $(limit memory memory.max memory.limit_in_bytes; limit pids pids.max; limit cpu cpu.max cpu.cfs_quota_us)'
expect 'daemon-reload keeps the update' 0 '83886080 60' eval \
  'systemctl daemon-reload && echo $(limit memory memory.max memory.limit_in_bytes; limit pids pids.max)'
expect 'pause' 0 paused eval 'b pause "$mark" && b state "$mark" | jq -r .status'
expect 'resume' 0 running eval 'b resume "$mark" && b state "$mark" | jq -r .status'
expect 'ps' 0 '*sleep*' b ps "$mark"
expect 'events' 0 '*' eval 'b events --stats "$mark" | jq -e ".data.pids.current >= 1"'
expect 'delete refuses a running one' 1 '2>*it is running*' b delete "$mark"
expect 'kill' 0 stopped eval 'b kill "$mark" KILL; await eval "b state \"$mark\" | grep -q stopped"; b state "$mark" | jq -r .status'
expect 'delete' 0 '' b delete "$mark"
expect 'nothing is left after delete' 0 '' left
expect 'delete --force' 0 '' eval 'start && b delete --force "$mark"'
expect 'nothing is left after delete --force' 0 '' left
expect 'a paused one can be deleted' 0 '' eval 'start && b pause "$mark" && b delete --force "$mark"'
expect 'nothing is left of it' 0 '' left

# ---- what goes wrong ----
expect 'systemctl stop ends the container' 0 stopped eval \
  'start && systemctl stop "$scope" && await eval "b state \"$mark\" | grep -q stopped"; b state "$mark" | jq -r .status; b delete "$mark"'
expect 'a unit of that name is refused' 1 "2>*has a unit $scope already*" eval \
  'systemd-run --quiet --scope --unit "$scope" --slice other.slice sleep 3 & sleep 1; b run -b "$scratch/b" "$mark"; s=$?; wait; exit $s'
expect 'a failed unit of that name is forgotten' 0 'failed' eval \
  'start && kill -STOP "$(init)"; systemctl kill --signal KILL "$scope"; b delete --force "$mark"
   systemd-run --quiet --unit "${scope%.scope}" --scope --property RuntimeMaxSec=1 sleep 20 >/dev/null 2>&1; systemctl is-failed "$scope"; start && b delete --force "$mark"'
expect 'a wrong annotation' 1 '2>*/annotations/org.systemd.property.Nice*no value*' eval \
  'set_config ".annotations[\"org.systemd.property.Nice\"] = \"x\""; b run -b "$scratch/b" "$mark"'
expect 'an unknown property' 1 '2>*systemd refuses StartTransientUnit*NoSuchThing*' eval \
  'cp "$scratch/good" "$scratch/b/config.json"; set_config ".annotations[\"org.systemd.property.NoSuchThing\"] = \"1\""; b run -b "$scratch/b" "$mark"'
expect 'a path is no scope' 1 '2>*is not of the form SLICE:PREFIX:NAME*' eval \
  'cp "$scratch/good" "$scratch/b/config.json"; set_config ".linux.cgroupsPath = \"/a/b\""; b run -b "$scratch/b" "$mark"'
cp "$scratch/good" "$scratch/b/config.json"
expect 'a failing hook leaves nothing' 1 '2>*createRuntime*' eval \
  'set_config ".hooks.createRuntime = [{path: \"/bin/false\"}]"; b run -b "$scratch/b" "$mark"'
cp "$scratch/good" "$scratch/b/config.json"
expect 'nothing is left of any' 0 '' left
expect "through systemd's own socket" 0 '' eval \
  'unshare -m sh -c "mount -t tmpfs none /run/dbus; exec \"\$@\"" sh "$path" --root "$scratch/state" --systemd-cgroup run -d -b "$scratch/b" "$mark" </dev/null >/dev/null && b delete --force "$mark"'
expect 'in a user namespace' 0 '' eval \
  'set_config ".linux.namespaces += [{type: \"user\"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings | .root.readonly = false"
   chmod 755 "$scratch" "$scratch/b"; start && grep -q "$scope" "/proc/$(init)/cgroup" && b delete --force "$mark"'
cp "$scratch/good" "$scratch/b/config.json"
expect 'through a stage: time namespace' 0 '' eval \
  'set_config ".linux.namespaces += [{type: \"time\"}]"; start && grep -q "$scope" "/proc/$(init)/cgroup" && b delete --force "$mark"'
cp "$scratch/good" "$scratch/b/config.json"
expect 'a single process is enough' 0 '' eval 'set_config ".linux.resources.pids.limit = 1"; start && b delete --force "$mark"'
expect 'nothing is left at the end' 0 '' left

# ---- an ordinary user ----
as_user() {
  setpriv --reuid "$ROOTLESS_USER" --regid "$ROOTLESS_USER" --init-groups env -i "PATH=$PATH" \
    "XDG_RUNTIME_DIR=/run/user/$(id -u "$ROOTLESS_USER")" "$@"
}
u() { as_user "$scratch/boxrun" --root "$scratch/user/state" --systemd-cgroup "$@"; }
if [[ -n ${ROOTLESS_USER:-} ]]; then
  mkdir "$scratch/user"
  cp "$path" "$scratch/boxrun"
  chown "$ROOTLESS_USER:" "$scratch/user"
  chmod 755 "$scratch" "$scratch/boxrun"
  as_user "$scratch/boxrun" bundle --busybox --rootless "$scratch/user" >/dev/null
  set_user_config() { jq "$1" "$scratch/user/config.json" >"$scratch/new" && cat "$scratch/new" >"$scratch/user/config.json"; }
  set_user_config ".process.args = [\"/bin/sh\", \"-c\", \"sleep 1000\"] | .process.terminal = false |
    .linux.cgroupsPath = \":test:$mark\""
  # Version 1 gives an ordinary user no rights on controllers.
  [[ ! -f /sys/fs/cgroup/cgroup.controllers ]] || set_user_config '.linux.resources.pids.limit = 33'
  user_init() { u state "$mark" | jq .pid; }
  expect 'rootless: run' 0 '' eval 'u run -d -b "$scratch/user" "$mark" </dev/null >/dev/null'
  expect 'rootless: in the scope of the user' 0 "*/user@*.service/user.slice/$scope*" eval 'cat "/proc/$(user_init)/cgroup"'
  expect "rootless: the user's systemd knows it" 0 active as_user systemctl --user is-active "$scope"
  expect 'rootless: exec' 0 hello u exec "$mark" echo hello
  if [[ -f /sys/fs/cgroup/cgroup.controllers ]]; then
    expect 'rootless: the limit is there' 0 33 eval 'cat "$(group "$(user_init)")/pids.max"'
    expect 'rootless: and systemd knows it' 0 33 as_user systemctl --user show --value -p TasksMax "$scope"
    expect 'rootless: update' 0 44 eval 'u update --pids-limit 44 "$mark" && as_user systemctl --user show --value -p TasksMax "$scope"'
  fi
  expect 'rootless: delete' 0 '' u delete --force "$mark"
  expect 'rootless: nothing is left' 0 '' eval \
    'await eval "! find /sys/fs/cgroup -name \"*$mark*\" | grep -q ."; find /sys/fs/cgroup -name "*$mark*"; as_user systemctl --user list-units --all --plain --no-legend "*$mark*"'
fi

# ---- engines ----
wanted() { [[ " ${ENGINES-podman docker} " == *" $1 "* ]] && command -v "$1" >/dev/null; }
if wanted podman; then
  cgroup_manager=systemd
  stop_engine() { stop_podman; }
  podman_is
  expect 'podman: a scope' 0 '*machine.slice/libpod-*.scope*' e run --rm --network none --cgroupns host box:1 cat /proc/self/cgroup
  expect 'podman: run, exec, limits' 0 '83886080' eval \
    'e run -d --name c1 --network none --memory 80m box:1 sleep 1000 >/dev/null && e exec c1 true &&
     systemctl show --value -p MemoryMax "libpod-$(e inspect --format "{{.Id}}" c1).scope"'
  expect 'podman: pause and stop' 0 'paused' eval 'e pause c1 >/dev/null && e inspect --format "{{.State.Status}}" c1; e unpause c1 >/dev/null; e stop -t 0 c1 >/dev/null'
  expect 'podman: rm' 0 '' eval 'e rm -f -t 0 c1 >/dev/null; systemctl list-units --all --plain --no-legend "libpod-*"'
  stop_engine
  rm "$engine"
fi
if wanted docker; then
  dockerd --data-root "$scratch/data" --exec-root "$scratch/exec" --pidfile "$scratch/pid" -H "unix://$scratch/sock" \
    --exec-opt native.cgroupdriver=systemd --bridge none --iptables=false --ip6tables=false --storage-driver vfs \
    --add-runtime "under-test=$path" --default-runtime under-test >"$scratch/log" 2>&1 </dev/null &
  daemon=$!
  stop_engine() {
    e ps -aq 2>/dev/null | xargs -r "$engine" rm -f >/dev/null 2>&1
    stop_daemon
  }
  engine_is "${SECONDS_A_USE:-90}" docker -H "unix://$scratch/sock"
  await_engine dockerd
  tar -C "$scratch/root" -c . | e import - box:1 >/dev/null
  plain=(--network none --security-opt apparmor=unconfined) # its profile is not what this is about
  expect 'docker: a scope' 0 '*/system.slice/docker-*.scope*' e run --rm "${plain[@]}" --cgroupns host box:1 cat /proc/self/cgroup
  expect 'docker: run, exec, limits' 0 '83886080 41' eval \
    'e run -d --name c1 "${plain[@]}" --memory 80m --pids-limit 41 box:1 sleep 1000 >/dev/null && e exec c1 true &&
     echo $(systemctl show --value -p MemoryMax -p TasksMax "docker-$(e inspect --format "{{.Id}}" c1).scope" | sort -nr)'
  expect 'docker: update' 0 '104857600' eval 'e update --memory 100m --memory-swap 200m c1 >/dev/null; systemctl show --value -p MemoryMax "docker-$(e inspect --format "{{.Id}}" c1).scope"'
  expect 'docker: stats' 0 '*' e stats --no-stream c1
  expect 'docker: pause, restart, stop' 0 'running' eval 'e pause c1 >/dev/null && e unpause c1 >/dev/null && e restart -t 0 c1 >/dev/null && e inspect --format "{{.State.Status}}" c1'
  expect 'docker: rm' 0 '' eval 'e rm -f c1 >/dev/null; systemctl list-units --all --plain --no-legend "docker-*.scope"'
fi
finish systemd
