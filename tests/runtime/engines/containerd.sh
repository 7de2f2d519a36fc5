#!/usr/bin/env bash
# shellcheck disable=SC2016,SC2119,SC2120 # scripts for the container are not expanded here; `drop` and the like have defaults
# Everyday uses of containerd through ctr, with a containerd of our own: see lib.sh. Its shim calls the verbs that
# docker does not (ps, events, update from standard input), and reads the log that the runtime writes. The root
# filesystem is a folder on the host, which all containers share and write to.
source "$(dirname "$0")/lib.sh"
need containerd ctr script jq
need_root
stop_engine() {
  local task
  daemon=$(<"$scratch/daemon")
  for task in $(e task ls -q 2>/dev/null); do
    e task rm -f "$task" >/dev/null 2>&1
  done
  stop_daemon
}
begin
cat >"$scratch/config.toml" <<TOML
version = 2
root = "$scratch/data"
state = "$scratch/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "$scratch/sock"
TOML
start_daemon() {
  containerd --config "$scratch/config.toml" >>"$scratch/log" 2>&1 </dev/null &
  daemon=$!
  echo "$daemon" >"$scratch/daemon"
}
start_daemon
engine_is 60 ctr -a "$scratch/sock"
await_engine containerd

# ---- how they are run ----
options_for() { # options_for NAME: what each container needs
  printf '%s\n' --env PATH=/bin --runc-binary "$path" --runc-root "$scratch/runtime" --cgroup "/$group/$1"
}
run() { # run OPTION... -- COMMAND...
  local options=()
  while [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  shift
  drop
  # shellcheck disable=SC2046 # words are wanted
  e run --rm $(options_for c1) "${options[@]}" --rootfs "$scratch/root" c1 "$@"
}
start_as() { # start_as NAME SCRIPT OPTION...
  # shellcheck disable=SC2046
  e run -d $(options_for "$1") "${@:3}" --rootfs "$scratch/root" "$1" sh -c "$2"
}
drop() {
  e task rm -f "${1:-c1}"
  e container rm "${1:-c1}"
} >/dev/null 2>&1
with() { # with SCRIPT [OPTION...] -- FUNCTION...: the function while c1 runs the script
  local script=$1 options=() status
  shift
  while [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  shift
  start_as c1 "$script" "${options[@]}" || return
  "$@"
  status=$?
  drop
  return "$status"
}
field_of() { e task ls | awk -v name="$1" -v field="$2" '$1 == name { print $field }'; }
status_of() { field_of "${1:-c1}" 3; }
pid_of() { field_of "${1:-c1}" 2; }
await_stop() { await eval '[[ $(status_of) == STOPPED ]]'; }
await_file() { await test -s "$scratch/root/tmp/$1"; }
in_it() { e task exec --exec-id "x$RANDOM$BASHPID" "${@:1:$#-1}" c1 sh -c "${*: -1}"; }
limited() { # limited CONTROLLER FILE OPTION...
  with 'sleep 100' "${@:3}" -- limit_of c1 "$1" "$2"
}
on_terminal() { # on_terminal COMMAND...
  local command
  command=$(printf '%q ' "$engine" "$@")
  SHELL=/bin/bash script -qec "stty cols 91 rows 37; $command" /dev/null | tr -d '\r\0'
}

# ---- uses that take more than a line ----
on_new_terminal() {
  # shellcheck disable=SC2046
  on_terminal run --rm -t $(options_for c1) --rootfs "$scratch/root" c1 sh -c "$1"
}
configured() { # configured FILTER COMMAND...: with a config of our own, changed by jq
  local words
  words=$(jq -nc '$ARGS.positional' --args -- "${@:2}")
  e oci spec | jq --argjson words "$words" --arg root "$scratch/root" --arg group "/$group/c1" \
    '.root.path = $root | .linux.cgroupsPath = $group | .process.args = $words |
     .process.env = ["PATH=/bin"] | .process.terminal = false | '"$1" >"$scratch/config.json"
  drop
  e run --rm --runc-binary "$path" --runc-root "$scratch/runtime" --config "$scratch/config.json" c1
}
many() {
  local i pids=()
  for i in 1 2 3 4 5 6; do
    # shellcheck disable=SC2046
    e run --rm $(options_for "m$i") --rootfs "$scratch/root" "m$i" echo "$i" &
    pids+=($!)
  done
  wait "${pids[@]}"
}
many_execs() {
  local i pids=()
  for i in 1 2 3 4 5 6; do
    in_it "echo $i" &
    pids+=($!)
  done
  wait "${pids[@]}"
}
shared() { # shared KIND LINK: a namespace of c1 in another container
  local one other
  one=$(readlink "/proc/$(pid_of)/ns/$2")
  # shellcheck disable=SC2046
  other=$(e run --rm $(options_for c2) --with-ns "$1:/proc/$(pid_of)/ns/$2" --rootfs "$scratch/root" c2 \
    readlink "/proc/self/ns/$2")
  [[ -n $one && $one == "$other" ]] && echo same
}
# Whoever joins is like who is there already.
namespaces_of_exec() {
  local script='readlink /proc/self/ns/mnt /proc/self/ns/pid /proc/self/ns/net /proc/self/ns/ipc /proc/self/ns/uts
    cut -d: -f3 /proc/self/cgroup | sort -u'
  with "{ $script; } > /tmp/names.new; mv /tmp/names.new /tmp/names; sleep 100" -- eval '
    await_file names; in_it "'"$script"'" | diff - "$scratch/root/tmp/names" && echo same'
  rm -f "$scratch/root/tmp/names"
}
exec_is_killed() {
  e task exec -d --exec-id y c1 sleep 1234
  await eval '[[ $(e task ps c1 | wc -l) == 3 ]]'
  e task kill --exec-id y -s KILL c1
  await eval '[[ $(e task ps c1 | wc -l) == 2 ]]' && status_of
}
started_again() {
  with 'echo x >> /tmp/runs' -- eval 'await_stop; e task rm c1; e task start -d c1; await_stop; wc -l < "$scratch/root/tmp/runs"'
  rm -f "$scratch/root/tmp/runs"
}
attached() {
  with 'while [ ! -e /tmp/go ]; do sleep 0.1; done; echo seen; exit 5' -- eval '
    (sleep 1; touch "$scratch/root/tmp/go") & e task attach c1'
  local status=$?
  rm -f "$scratch/root/tmp/go"
  return "$status"
}
events_of() { # events_of TOPIC...: the first of each that a container's life makes, in their order
  e events >"$scratch/events" &
  local listener=$!
  sleep 0.5
  run "$@"
  await grep -q /tasks/delete "$scratch/events"
  kill "$listener" 2>/dev/null
  grep -o '/tasks/[a-z]*' "$scratch/events" | uniq | tr '\n' ' '
}
survives_the_daemon() {
  stop_daemon
  start_daemon
  await e version
  status_of
  in_it 'echo in'
}
paused() {
  with 'i=0; while :; do i=$((i + 1)); echo $i > /tmp/now; sleep 0.05; done' -- eval '
    await_file now; e task pause c1; status_of; a=$(<"$scratch/root/tmp/now"); sleep 0.4
    [[ $a == "$(<"$scratch/root/tmp/now")" ]] && e task resume c1; status_of; sleep 0.4
    [[ $a != "$(<"$scratch/root/tmp/now")" ]] && echo goes on'
  rm -f "$scratch/root/tmp/now"
}
cat >"$scratch/profile.json" <<'JSON'
{"defaultAction": "SCMP_ACT_ALLOW",
 "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}
JSON
mkdir "$scratch/h"
echo hosted >"$scratch/h/f"
printf 'A=from file\n' >"$scratch/env"

streams() {
  expect 'run: output' 0 hello run -- echo hello
  expect 'run: output and errors apart' 0 out run -- sh -c 'echo out; echo err >&2'
  expect 'run: errors and output apart' 0 '2>err' run -- sh -c 'echo err >&2'
  expect 'run: exit status' 7 '' run -- sh -c 'exit 7'
  expect 'run: 139 after a segmentation fault' 139 '' run -- sh -c 'sh -c "kill -SEGV \$\$"; exit $?'
  expect 'run: a program that is not there' 1 '2>*executable file not found in $PATH*' run -- nosuch
  expect 'run: a path that is not there' 1 '2>*no such file or directory*' run -- /no/such
  expect 'run: without execute permission' 1 '2>*permission denied*' run -- /bin/noexec
  expect 'run: a directory' 1 '2>*permission denied*' run -- /etc
  expect 'run: a missing interpreter' '@(1|127)' '2>*no such file or directory*' run -- /bin/orphan
  expect 'run: input' 0 line eval 'echo line | run -- head -n 1'
  expect 'run: three megabytes of output' 0 3072000 eval 'run -- dd if=/dev/zero bs=1k count=3000 | wc -c'
  expect 'run: a terminal, with its size' 4 $'*/dev/pts/0\n37 91*' on_new_terminal 'sleep 0.5; tty; stty size; exit 4'
  expect 'run: --null-io' 0 '' run --null-io -- echo hello
  expect 'run: --log-uri' 0 logged with 'echo logged' --log-uri "file://$scratch/out" -- eval 'await_stop; cat "$scratch/out"'
  expect 'run: --pid-file' 0 same with 'sleep 100' --pid-file "$scratch/pid" -- eval '[[ $(pid_of) == $(<"$scratch/pid") ]] && echo same'
  expect 'run: --rm leaves nothing' 0 '' eval 'run -- true; e task ls -q; e container ls -q; "$path" --root "$scratch/runtime/default" list -q'
  expect 'run: six at once' 0 123456 eval 'many | sort | tr -d "\n"'
}

settings() {
  expect 'set: variables and directory' 0 '/tmp b' run --env A=b --cwd /tmp -- sh -c 'echo $PWD $A'
  expect 'set: --env-file' 0 'from file' run --env-file "$scratch/env" -- sh -c 'echo "$A"'
  expect 'set: --cwd makes the directory' 0 /tmp/new/one eval 'run --cwd /tmp/new/one -- pwd; rm -r "$scratch/root/tmp/new"'
  expect 'set: --label' 0 value with 'sleep 100' --label key=value -- eval 'e container info c1 | jq -r .Labels.key'
  expect 'set: --annotation, which the runtime tells' 0 value with 'sleep 100' --annotation org.example.key=value -- eval \
    '"$path" --root "$scratch/runtime/default" state c1 | jq -r ".annotations[\"org.example.key\"]"'
  expect 'set: no new privileges' 0 '*1' run -- grep NoNewPrivs /proc/self/status
  expect 'set: --allow-new-privs' 0 '*0' run --allow-new-privs -- grep NoNewPrivs /proc/self/status
  expect 'set: --cap-add' 0 '*00000000a80435fb' run --cap-add CAP_SYSLOG --cap-drop CAP_SYSLOG --cap-add CAP_NET_ADMIN -- grep CapEff /proc/self/status
  expect 'set: --cap-drop' 1 '2>*not permitted*' run --cap-drop CAP_CHOWN -- chown 1 /tmp
  expect 'set: --privileged' 0 '*ffff' run --privileged -- grep CapEff /proc/self/status
  expect 'set: --privileged mounts' 0 mounted run --privileged -- sh -c 'mount -t tmpfs x /tmp && echo mounted'
  expect 'set: others do not' 1 '2>*@(denied|not permitted)*' run -- mount -t tmpfs x /tmp
  expect 'set: --seccomp' 0 '*2' run --seccomp -- grep Seccomp: /proc/self/status
  expect 'set: --seccomp-profile' 1 '2>*not supported*' run --seccomp --seccomp-profile "$scratch/profile.json" -- mkdir /tmp/d
  expect 'set: --no-pivot' 0 in run --no-pivot -- echo in
  expect 'set: --runc-systemd-cgroup without systemd' 1 '2>*systemd*' eval '[[ ! -d /run/systemd/system ]] || { echo systemd >&2; exit 1; }; run --runc-systemd-cgroup --cgroup a.slice:b:c -- true'
  expect 'config: a user with groups' 0 '1000 5 5 50' configured '.process.user = {uid: 1000, gid: 5, additionalGids: [50]}' sh -c 'echo $(id -u) $(id -g) $(id -G)'
  expect 'config: a hostname' 0 box configured '.hostname = "box"' hostname
  expect 'config: rlimits' 0 '99 199' configured '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 99, hard: 199}]' sh -c 'echo $(ulimit -Sn) $(ulimit -Hn)'
  expect 'config: a sysctl' 0 4321 configured '.linux.sysctl = {"kernel.msgmax": "4321"}' cat /proc/sys/kernel/msgmax
  expect 'config: a hook' 0 $'hello\ncreating' eval \
    'configured ".hooks = {createRuntime: [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"jq -r .status > $scratch/hook\"]}]}" echo hello; cat "$scratch/hook"'
  expect 'config: a user namespace' 0 '*0*100000*65536' configured '.linux.namespaces += [{type: "user"}] |
    .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings' cat /proc/self/uid_map
}

files() {
  expect 'files: a bind mount' 0 hosted run --mount "type=bind,src=$scratch/h,dst=/h,options=rbind:ro" -- cat /h/f
  expect 'files: a bind mount, read-only' 1 '2>*Read-only*' run --mount "type=bind,src=$scratch/h,dst=/h,options=rbind:ro" -- touch /h/g
  expect 'files: a bind mount, written to' 0 back eval 'run --mount "type=bind,src=$scratch/h,dst=/h,options=rbind:rw" -- sh -c "echo back > /h/g"; cat "$scratch/h/g"'
  expect 'files: a tmpfs' 0 '*noexec*size=1024k*' run --mount type=tmpfs,src=tmpfs,dst=/t,options=noexec:size=1m -- grep ' /t ' /proc/mounts
  expect 'files: --read-only' 1 '2>*Read-only*' run --read-only -- touch /x
  expect 'files: --read-only with a tmpfs' 0 written run --read-only --mount type=tmpfs,src=tmpfs,dst=/tmp,options=rw -- sh -c 'touch /tmp/x && echo written'
  expect 'files: --rootfs-propagation' 0 '* - *' run --rootfs-propagation private -- grep ' / / \|/root / ' /proc/self/mountinfo
  expect 'files: --device' 0 opened run --device /dev/kmsg --cap-add CAP_SYSLOG -- sh -c 'exec 3</dev/kmsg && echo opened'
  expect 'files: other devices are refused' 1 '2>*not permitted*' run --cap-add CAP_MKNOD -- sh -c 'mknod /dev/kmsg c 1 11; cat /dev/kmsg'
}

limits() {
  expect 'limits: --memory-limit' 0 33554432 limited memory memory.limit_in_bytes --memory-limit 33554432
  expect 'limits: out of memory' 137 '' run --memory-limit 16777216 -- sh -c 'x=1234567890; while :; do x=$x$x; done'
  expect 'limits: --cpus' 0 50000 limited cpu cpu.cfs_quota_us --cpus 0.5
  expect 'limits: --cpu-shares' 0 512 limited cpu cpu.shares --cpu-shares 512
  expect 'limits: --cpu-quota' 0 20000 limited cpu cpu.cfs_quota_us --cpu-quota 20000 --cpu-period 50000
  expect 'limits: --cpu-period' 0 50000 limited cpu cpu.cfs_period_us --cpu-quota 20000 --cpu-period 50000
}

sharing() {
  expect 'share: the network of the host' 0 '*lo*' run --net-host -- ls /sys/class/net
  expect 'share: the names of the host' 0 "$(hostname)" run --with-ns uts:/proc/$$/ns/uts -- hostname
  expect 'share: processes of another' 0 same with 'sleep 100' -- shared pid pid
  expect 'share: the network of another' 0 same with 'sleep 100' -- shared network net
  expect 'share: the IPC of another' 0 same with 'sleep 100' -- shared ipc ipc
  expect 'share: what is no namespace' 1 '2>*/linux/namespaces/*no*namespace*' run --with-ns ipc:/dev/null -- true
}

exec_uses() {
  expect 'exec: output' 0 in with 'sleep 100' -- in_it 'echo in'
  expect 'exec: input' 0 line with 'sleep 100' -- eval 'echo line | in_it "head -n 1"'
  expect 'exec: exit status' 5 '' with 'sleep 100' -- in_it 'exit 5'
  expect 'exec: as a user' 0 '1000' with 'sleep 100' -- in_it --user 1000 'id -u'
  expect 'exec: in a directory' 0 /var/data with 'sleep 100' -- in_it --cwd /var/data 'pwd'
  expect 'exec: a program that is not there' 1 '2>*executable file not found in $PATH*' with 'sleep 100' -- e task exec --exec-id y c1 nosuch
  expect 'exec: detached' 0 'done' with 'sleep 100' -- eval 'in_it -d "echo done > /tmp/d"; await_file d; cat "$scratch/root/tmp/d"; rm "$scratch/root/tmp/d"'
  expect 'exec: a terminal, with its size' 0 $'*/dev/pts/*\n37 91' with 'sleep 100' -- on_terminal task exec -t --exec-id y c1 sh -c 'sleep 0.5; tty; stty size'
  expect 'exec: is killed alone' 0 RUNNING with 'sleep 100' -- exec_is_killed
  expect 'exec: six at once' 0 123456 with 'sleep 100' -- eval 'many_execs | sort | tr -d "\n"'
  expect 'exec: the same namespaces and cgroups' 0 same namespaces_of_exec
  expect 'exec: refused while paused' 1 '2>*paused*' with 'sleep 100' -- eval 'e task pause c1; in_it true; s=$?; e task resume c1; (exit $s)'
  expect 'exec: refused when stopped' 1 '2>*@(stopped|not running|running)*' with 'true' -- eval 'await_stop; in_it true'
}

life() {
  expect 'life: task ls' 0 RUNNING with 'sleep 100' -- status_of
  expect 'life: the runtime lists it too' 0 'c1 running' with 'sleep 100' -- eval '"$path" --root "$scratch/runtime/default" list --format json | jq -r ".[] | .id + \" \" + .status"'
  expect 'life: attach' 5 seen attached
  expect 'life: start again' 0 2 started_again
  expect 'life: ps' 0 2 with 'sleep 1234 & sleep 1234' -- eval 'await_tasks() { [[ $(e task ps c1 | wc -l) == 3 ]]; }; await await_tasks; e task ps c1 | awk "NR > 1" | wc -l'
  expect 'life: metrics' 0 1 with 'exec sleep 100' -- eval 'e task metrics --format json c1 | jq .pids.current'
  expect 'life: metrics of memory' 0 true with 'exec sleep 100' --memory-limit 33554432 -- eval 'e task metrics --format json c1 | jq ".memory.usage.limit == 33554432 and .memory.usage.usage > 0"'
  expect 'life: pause and resume' 0 $'PAUSED\nRUNNING\ngoes on' paused
  expect 'life: kill -s HUP' 0 hup with 'trap "echo hup > /tmp/hup" HUP; echo up > /tmp/up; while :; do sleep 0.1; done' -- eval \
    'await_file up; e task kill -s HUP c1; await_file hup; cat "$scratch/root/tmp/hup"; rm "$scratch"/root/tmp/{up,hup}'
  expect 'life: kill' 0 STOPPED with 'sleep 100' -- eval 'e task kill -s KILL c1; await_stop; status_of'
  expect 'life: 137 after it' 0 '2>*exit code 137*' with 'sleep 100' -- eval 'e task kill -s KILL c1; await_stop; e task rm c1'
  expect 'life: kill --all' 0 STOPPED with 'sleep 100 & sleep 100' -- eval 'e task kill -a -s KILL c1; await_stop; status_of'
  expect 'life: kill what has ended' 1 '2>*@(not found|already)*' with 'true' -- eval 'await_stop; e task kill c1'
  expect 'life: rm of what runs is refused' 1 '2>*running*' with 'sleep 100' -- e task rm c1
  expect 'life: rm -f of what is paused' 0 '' with 'sleep 100' -- eval 'e task pause c1; e task rm -f c1 >/dev/null 2>&1; status_of'
  expect 'life: events' 0 '/tasks/create /tasks/start /tasks/exit /tasks/delete ' events_of -- true
  expect 'life: out of memory is noticed' 0 '*/tasks/oom*' events_of --memory-limit 16777216 -- sh -c 'x=1234567890; while :; do x=$x$x; done'
  expect 'life: it outlives the daemon' 0 $'RUNNING\nin' with 'sleep 100' -- survives_the_daemon
}

if [[ -n ${QUICK:-} ]]; then
  ONLY=${ONLY:-output} streams
  ONLY=${ONLY:-'life: pa'} life
else
  streams
  settings
  files
  limits
  sharing
  exec_uses
  life
fi
expect 'nothing is left' 0 '' eval 'e task ls -q; e container ls -q; ls "$scratch"/state/*/* 2>/dev/null | grep c1; true'
finish containerd
