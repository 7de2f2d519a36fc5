#!/usr/bin/env bash
# shellcheck disable=SC2016,SC2034 # scripts for the container are not expanded here; uses.sh reads the variables
# Everyday uses of containerd through ctr, with a containerd of our own: see lib.sh. Its shim calls the verbs that
# docker does not (ps, events, update from standard input), and reads the log that the runtime writes.
source "$(dirname "$0")/lib.sh"
need containerd ctr script jq
need_root
stop_engine() {
  local task
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
containerd --config "$scratch/config.toml" >"$scratch/log" 2>&1 </dev/null &
daemon=$!
engine_is 60 ctr -a "$scratch/sock"
await_engine containerd

run() { # run OPTION... -- COMMAND...
  local options=()
  while [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  shift
  drop
  e run --rm --env PATH=/bin --runc-binary "$path" --cgroup "/$group/c1" "${options[@]}" --rootfs "$scratch/root" c1 "$@"
}
start() {
  e run -d --env PATH=/bin --runc-binary "$path" --cgroup "/$group/c1" --rootfs "$scratch/root" c1 sh -c "$1"
}
drop() {
  e task rm -f c1
  e container rm c1
} >/dev/null 2>&1
with() { # with SCRIPT FUNCTION...
  local status
  start "$1" || return
  "${@:2}"
  status=$?
  drop
  return "$status"
}
status_of() { e task ls | awk '$1 == "c1" { print $3 }'; }
in_it() { e task exec --exec-id "x$RANDOM" "${@:1:$#-1}" c1 sh -c "${*: -1}"; }
on_terminal() {
  local command
  command=$(printf '%q ' "$engine" run --rm -t --env PATH=/bin --runc-binary "$path" --cgroup "/$group/c1" --rootfs "$scratch/root" c1 sh -c "$1")
  SHELL=/bin/bash script -qec "stty cols 91 rows 37; $command" /dev/null | tr -d '\r\0'
}

expect 'ctr: output' 0 hello run -- echo hello
expect 'ctr: exit status' 7 '' run -- sh -c 'exit 7'
expect 'ctr: a program that is not there' 1 '2>*executable file not found in $PATH*' run -- nosuch
expect 'ctr: input' 0 line eval 'echo line | run -- head -n 1'
expect 'ctr: a terminal, with its size' 4 $'*/dev/pts/0\n37 91*' on_terminal 'sleep 0.5; tty; stty size; exit 4'
expect 'ctr: variables and directory' 0 '/tmp b' run --env A=b --cwd /tmp -- sh -c 'echo $PWD $A'
expect 'ctr: the names of the host' 0 "$(hostname)" run --with-ns uts:/proc/$$/ns/uts -- hostname
expect 'ctr: a bind mount' 0 hosted eval 'mkdir "$scratch/h"; echo hosted > "$scratch/h/f"; run --mount "type=bind,src=$scratch/h,dst=/h,options=rbind:ro" -- cat /h/f'
expect 'ctr: read-only' 1 '2>*Read-only*' run --read-only -- touch /x
expect 'ctr: privileged' 0 '*ffff' run --privileged -- grep CapEff /proc/self/status
expect 'ctr: the filter' 0 '*2' run --seccomp -- grep Seccomp: /proc/self/status
expect 'ctr: the memory limit' 0 33554432 eval 'run --memory-limit 33554432 --mount type=bind,src=/sys/fs/cgroup/memory,dst=/m,options=rbind:ro -- sh -c "find /m -path \"*'"$group"'/c1/memory.limit_in_bytes\" -exec cat {} +"'
expect 'ctr: the network of the host' 0 '*lo*' run --net-host -- ls /sys/class/net
expect 'ctr: task ls' 0 RUNNING with 'sleep 100' status_of
expect 'ctr: exec' 0 in with 'sleep 100' in_it 'echo in'
expect 'ctr: exec, exit status' 5 '' with 'sleep 100' in_it 'exit 5'
expect 'ctr: exec as a user' 0 '1000' with 'sleep 100' in_it --user 1000 'id -u'
expect 'ctr: exec, a program that is not there' 1 '2>*executable file not found in $PATH*' with 'sleep 100' e task exec --exec-id y c1 nosuch
expect 'ctr: pause and resume' 0 $'PAUSED\nRUNNING' with 'sleep 100' eval 'e task pause c1; status_of; e task resume c1; status_of'
expect 'ctr: ps' 0 '[1-9]*' with 'sleep 100' eval 'e task ps c1 | awk "NR == 2 { print \$1 }"'
expect 'ctr: metrics' 0 '[1-9]*' with 'sleep 100' eval 'e task metrics --format json c1 | jq .pids.current'
expect 'ctr: kill' 0 STOPPED with 'sleep 100' eval 'e task kill -s KILL c1; await eval "[[ \$(status_of) == STOPPED ]]"; status_of'
expect 'ctr: kill --all' 0 STOPPED with 'sleep 100 & sleep 100' eval 'e task kill -a -s KILL c1; await eval "[[ \$(status_of) == STOPPED ]]"; status_of'
expect 'ctr: kill what has ended' 1 '2>*@(not found|already)*' with 'true' eval 'await eval "[[ \$(status_of) == STOPPED ]]"; e task kill c1'
expect 'ctr: nothing is left' 0 '' eval 'e task ls -q; e container ls -q; ls "$scratch"/state/*/* 2>/dev/null | grep c1; true'
finish containerd
