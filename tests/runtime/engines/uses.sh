# shellcheck shell=bash disable=SC2016,SC2154,SC2119,SC2120
# (scripts for the container are not expanded here; `scratch`, `engine`, `plain` and the like are the script's)
# The uses that docker and podman share. `e` is the engine's command; `plain` are the options that a container
# needs when its network is not the point, `bare` the same without one; `image` is the image.

run() { e run --rm "${plain[@]}" "$@"; }
sh_in() { # sh_in OPTION... SCRIPT
  run "${@:1:$#-1}" "$image" sh -c "${*: -1}"
}
start() { # start NAME OPTION... COMMAND
  e run -d --name "$1" "${plain[@]}" "${@:2:$#-2}" "$image" sh -c "${*: -1}" >/dev/null
}
drop() { e rm -f -v "${at_once[@]}" "$@" >/dev/null 2>&1; }
with() { # with NAME OPTION... SCRIPT -- FUNCTION...: the function while that container runs
  local words=() status
  while [[ $1 != -- ]]; do
    words+=("$1")
    shift
  done
  shift
  start "${words[@]}" || return
  "$@"
  status=$?
  drop "${words[0]}"
  return "$status"
}
await_log() { await eval "e logs $1 2>&1 | grep -q '$2'"; }
state_of() { e inspect --format '{{.State.Status}}' "$1"; }
pid_of() { e inspect --format '{{.State.Pid}}' "$1"; }

# ---- run, streams, statuses ----
piped() { echo line | e run --rm -i "${plain[@]}" "$image" cat; }
on_terminal() { # through script(1), which gives the engine a terminal
  local command
  command=$(printf '%q ' "$engine" run --rm -it "${plain[@]}" "$image" sh -c "$1")
  SHELL=/bin/bash script -qec "stty cols 91 rows 37; $command" /dev/null | tr -d '\r\0'
}
typed() {
  local command
  command=$(printf '%q ' "$engine" run --rm -it "${plain[@]}" "$image" sh -c 'read x; echo got $x')
  (
    sleep 2
    echo word
    sleep 2
  ) | SHELL=/bin/bash script -qec "$command" /dev/null | tr -d '\r\0' | tail -n 1
}
large() { sh_in 'dd if=/dev/zero bs=1k count=3000 2>/dev/null' | wc -c; }
removed() {
  sh_in --name gone 'true' && ! e inspect gone >/dev/null 2>&1 && echo gone
}

# ---- life ----
logged() { with c1 'echo one; echo two >&2; sleep 100' -- eval 'await_log c1 two && e logs c1 2>&1 | sort'; }
waited() { with c1 'sleep 1; exit 9' -- e wait c1; }
stopped() {
  with c1 'trap "echo bye; exit 3" TERM; echo up; while :; do sleep 0.1; done' -- eval \
    'await_log c1 up && e stop -t 10 c1 >/dev/null && e logs c1 && e inspect --format "{{.State.ExitCode}}" c1'
}
stubborn() { with c1 'trap "" TERM; echo up; while :; do sleep 0.1; done' -- eval \
  'await_log c1 up && e stop -t 1 c1 >/dev/null 2>&1; e inspect --format "{{.State.ExitCode}}" c1'; }
stop_signal() {
  with c1 --stop-signal USR1 'trap "echo usr1; exit 0" USR1; echo up; while :; do sleep 0.1; done' -- eval \
    'await_log c1 up && e stop -t 5 c1 >/dev/null && e logs c1 | tail -n 1'
}
signalled() {
  with c1 'trap "echo hup" HUP; echo up; while :; do sleep 0.1; done' -- eval \
    'await_log c1 up && e kill -s HUP c1 >/dev/null && await_log c1 hup && e logs c1 | tail -n 1'
}
killed() { with c1 'sleep 100' -- eval 'e kill c1 >/dev/null; e wait c1'; }
paused() {
  with c1 'while :; do date +%s%N > /tmp/now; sleep 0.05; done' -- eval '
    e pause c1 >/dev/null && state_of c1 && a=$(cat /proc/$(pid_of c1)/root/tmp/now) && sleep 0.5 &&
    b=$(cat /proc/$(pid_of c1)/root/tmp/now) && [[ $a == "$b" ]] && e unpause c1 >/dev/null && state_of c1 &&
    sleep 0.5 && [[ $(cat /proc/$(pid_of c1)/root/tmp/now) != "$b" ]] && echo goes on'
}
restarted() {
  with c1 'echo up; sleep 100' -- eval '
    before=$(pid_of c1); e restart -t 0 c1 >/dev/null && [[ $(pid_of c1) != "$before" ]] && state_of c1'
}
started_again() {
  with c1 'echo x >> /tmp/runs; wc -l < /tmp/runs' -- eval \
    'e wait c1 >/dev/null; e start -a c1; e start -a c1'
}
created_then_started() {
  e create --name c1 "${plain[@]}" "$image" echo made >/dev/null && state_of c1 && e start -a c1
  drop c1
}
attached() {
  with c1 'sleep 2; echo seen' -- e attach c1
}
on_failure() {
  with c1 --restart on-failure:2 'exit 5' -- eval \
    'sleep 5; e inspect --format "{{.RestartCount}}" c1'
}
many() {
  local i pids=()
  for i in 1 2 3 4 5 6; do
    sh_in "echo $i" &
    pids+=($!)
  done
  wait "${pids[@]}"
}
# The process that passes signals on, of one that runs the engine's command.
proxy_of() { echo "$1"; }
signal_proxied() {
  local command pid status
  command=$(printf '%q ' "$engine" run --rm --name c1 "${plain[@]}" "$image" sh -c 'trap "exit 44" TERM; echo up; while :; do sleep 0.1; done')
  bash -c "exec $command" >/dev/null &
  pid=$!
  await_log c1 up
  kill -TERM "$(proxy_of "$pid")"
  wait "$pid"
  status=$?
  drop c1
  return "$status"
}

# ---- looking at it ----
top_lists() { with c1 'sleep 1234' -- eval 'e top c1 | grep -c "sleep 1234"'; }
stats_count() { with c1 'sleep 100' -- e stats --no-stream --format '{{.Name}} {{.PIDs}}' c1; }
diffed() { with c1 'touch /tmp/fresh; echo up; sleep 100' -- eval 'await_log c1 up; e diff c1 | grep fresh'; }
copied() {
  with c1 'sleep 100' -- eval '
    echo payload > "$scratch/file" && e cp "$scratch/file" c1:/tmp/in && e exec c1 cat /tmp/in &&
    e cp c1:/tmp/in "$scratch/back" && cmp "$scratch/file" "$scratch/back" && echo same'
}
committed() {
  with c1 'echo change > /change; echo up; sleep 100' -- eval \
    'await_log c1 up; e commit c1 changed:1 >/dev/null 2>&1'
  e run --rm "${plain[@]}" changed:1 cat /change
  e rmi -f changed:1 >/dev/null 2>&1
}
exported() { with c1 'echo there > /exported; echo up; sleep 100' -- eval \
  'await_log c1 up; e export c1 | tar -xO exported'; }

# ---- exec ----
execs() { with c1 'sleep 100' -- e exec "${@:1:$#-1}" c1 sh -c "${*: -1}"; }
exec_input() { with c1 'sleep 100' -- eval 'echo stdin | e exec -i c1 cat'; }
exec_detached() { with c1 'sleep 100' -- eval \
  'e exec -d c1 sh -c "echo done > /tmp/d" >/dev/null && await e exec c1 test -s /tmp/d && e exec c1 cat /tmp/d'; }
exec_terminal() {
  with c1 'sleep 100' -- eval '
    command=$(printf "%q " "$engine" exec -it c1 sh -c "sleep 1; tty; stty size")
    SHELL=/bin/bash script -qec "stty cols 91 rows 37; $command" /dev/null | tr -d "\r\0"'
}
exec_missing() { with c1 'sleep 100' -- e exec c1 nosuch; }
exec_forbidden() { with c1 'sleep 100' -- e exec c1 /bin/noexec; }
exec_in_paused() { with c1 'sleep 100' -- eval 'e pause c1 >/dev/null; e exec c1 true; s=$?; e unpause c1 >/dev/null; (exit $s)'; }
exec_stopped() { with c1 'true' -- eval 'e wait c1 >/dev/null; e exec c1 true'; }
exec_parallel() {
  with c1 'sleep 100' -- eval '
    pids=(); for i in 1 2 3 4 5 6; do e exec c1 echo $i & pids+=($!); done; wait "${pids[@]}"'
}
exec_namespaces() {
  with c1 'readlink /proc/self/ns/mnt /proc/self/ns/pid /proc/self/ns/net /proc/self/ns/ipc /proc/self/ns/uts
           cut -d: -f3 /proc/self/cgroup | sort -u; sleep 100' -- eval '
    await_log c1 /; e exec c1 sh -c "readlink /proc/self/ns/mnt /proc/self/ns/pid /proc/self/ns/net \
      /proc/self/ns/ipc /proc/self/ns/uts; cut -d: -f3 /proc/self/cgroup | sort -u" | diff - <(e logs c1) && echo same'
}

# ---- limits ----
updated() { # updated CONTROLLER FILE OPTION...
  with c1 'sleep 100' -- eval "e update ${*:3} c1 >/dev/null && limit_of c1 $1 $2"
}
limited() { # limited CONTROLLER FILE OPTION...
  with c1 "${@:3}" 'sleep 100' -- limit_of c1 "$1" "$2"
}
out_of_memory() {
  with c1 --memory 16m --memory-swap 16m 'x=1234567890; while :; do x=$x$x; done' -- e wait c1
}
forks_refused() { sh_in --pids-limit 8 'for i in 1 2 3 4 5 6 7 8 9 10; do sleep 2 & done 2>/dev/null; echo alive'; }

# ---- sharing ----
# Of a namespace of the caller. Without the brackets of the link, which are a pattern.
inode() { readlink "/proc/self/ns/$1" | tr -dc 0-9; }
inode_script='inode() { readlink "/proc/self/ns/$1" | tr -dc 0-9; }; inode'
same_inode() { # same_inode KIND LINK
  local one other
  one=$(e exec c1 sh -c "$inode_script $2")
  other=$(e run --rm "${bare[@]}" "--$1" container:c1 "$image" sh -c "$inode_script $2")
  [[ -n $one && $one == "$other" ]] && echo same
}
shares() { # shares KIND LINK OPTION...: the namespace of another container
  with c1 "${@:3}" 'sleep 100' -- same_inode "$1" "$2"
}
volume() {
  e volume create v1 >/dev/null
  sh_in -v v1:/var/data 'cat /var/data/seed; echo more > /var/data/more'
  sh_in -v v1:/x 'ls /x'
  e volume rm v1 >/dev/null
}
volumes_from() {
  with c1 -v /var/data 'sleep 100' -- sh_in --volumes-from c1 'cat /var/data/seed'
}
from_host() {
  mkdir -p "$scratch/host" && echo text >"$scratch/host/f"
  sh_in -v "$scratch/host:/h" 'cat /h/f; echo back > /h/g' && cat "$scratch/host/g"
}
run_and_streams() {
  expect 'run: output' 0 hello run "$image" echo hello
  expect 'run: exit status' 7 '' sh_in 'exit 7'
  expect 'run: 127 for a program that is not there' 127 '2>*executable file not found in $PATH*' run "$image" nosuch
  expect 'run: 127 for a path that is not there' 127 '2>*no such file or directory*' run "$image" /no/such
  expect 'run: 126 for a directory' 126 '2>*permission denied*' run "$image" /etc
  expect 'run: 126 without execute permission' 126 '2>*permission denied*' run "$image" /bin/noexec
  expect 'run: a missing interpreter' '@(1|127)' '2>*no such file or directory*' run "$image" /bin/orphan
  expect 'run: 139 after a segmentation fault' 139 '' sh_in 'sh -c "kill -SEGV \$\$"; exit $?'
  expect 'run: output and errors apart' 0 out sh_in 'echo out; echo err >&2'
  expect 'run: errors and output apart' 0 '2>err' sh_in 'echo err >&2'
  expect 'run: input from a pipe' 0 line piped
  expect 'run: three megabytes of output' 0 3072000 large
  expect 'run: a terminal, with its size' 4 $'*/dev/pts/0\n37 91\n*console*' on_terminal 'sleep 0.5; tty; stty size; ls /dev/console; exit 4'
  expect 'run: typing into a terminal' 0 'got word' typed
  expect 'run: --rm leaves nothing' 0 gone removed
  expect 'run: signals are passed on' 44 '' signal_proxied
  expect 'run: six at once' 0 '*' eval '[[ $(many | sort | tr -d "\n") == 123456 ]]'
}

life() {
  expect 'life: logs' 0 $'one\ntwo' logged
  expect 'life: wait' 0 9 waited
  expect 'life: stop' 0 $'up\nbye\n3' stopped
  expect 'life: stop kills who does not listen' 0 137 stubborn
  expect 'life: --stop-signal' 0 usr1 stop_signal
  expect 'life: kill -s' 0 hup signalled
  expect 'life: kill' 0 137 killed
  [[ -n ${without_cgroups:-} ]] || expect 'life: pause and unpause' 0 $'paused\nrunning\ngoes on' paused
  expect 'life: restart' 0 running restarted
  expect 'life: start again keeps the files' 0 $'2\n3' started_again
  expect 'life: create, then start' 0 $'created\nmade' created_then_started
  expect 'life: attach' 0 seen attached
  expect 'life: --restart on-failure' 0 2 on_failure
  expect 'look: top' 0 1 top_lists
  [[ -n ${without_cgroups:-} ]] || expect 'look: stats' 0 'c1 1' stats_count
  expect 'look: diff' 0 'A /tmp/fresh' diffed
  expect 'look: cp' 0 $'payload\nsame' copied
  expect 'look: commit' 0 change committed
  expect 'look: export' 0 there exported
}

exec_uses() {
  expect 'exec: output' 0 in execs 'echo in'
  expect 'exec: exit status' 6 '' execs 'exit 6'
  expect 'exec: user' 0 '1000 5' execs -u 1000:5 'echo $(id -u) $(id -g)'
  expect 'exec: user by name, and HOME' 0 '1000 /home/user' execs -u user 'echo $(id -u) $HOME'
  expect 'exec: directory and variables' 0 '/tmp b' execs -w /tmp -e A=b 'echo $PWD $A'
  expect 'exec: input from a pipe' 0 stdin exec_input
  expect 'exec: detached' 0 'done' exec_detached
  expect 'exec: a terminal, with its size' 0 $'*/dev/pts/*\n37 91' exec_terminal
  expect 'exec: privileged' 0 "*[1-9a-f]*ffff" execs --privileged 'grep CapEff /proc/self/status'
  expect 'exec: a program that is not there' "$exec_missing_status" '2>*executable file not found in $PATH*' exec_missing
  expect 'exec: without execute permission' 126 '2>*permission denied*' exec_forbidden
  [[ -n ${without_cgroups:-} ]] || expect 'exec: refused while paused' "$exec_paused_status" '2>*@(paused|improper)*' exec_in_paused
  expect 'exec: refused when stopped' "$exec_stopped_status" '2>*running*' exec_stopped
  expect 'exec: six at once' 0 '*' eval '[[ $(exec_parallel | sort | tr -d "\n") == 123456 ]]'
  expect 'exec: the same namespaces and cgroups' 0 same exec_namespaces
  expect 'exec: no descriptors of ours' 0 '0 1 2 3' execs 'cd /proc/self/fd; echo *'
}

identity() {
  expect 'who: --user' 0 '1000 1000' sh_in --user 1000:1000 'echo $(id -u) $(id -g)'
  expect 'who: --user by name' 0 '1000 /home/user' sh_in --user user 'echo $(id -u) $HOME'
  expect 'who: a user writes to /dev/stdout' 0 text sh_in --user 1000 'echo text > /dev/stdout'
  expect 'who: --group-add' 0 '* 50 *' sh_in --group-add 50 'echo " $(id -G) "'
  expect 'who: --cap-drop ALL' 0 '*0000000000000000' sh_in --cap-drop ALL 'grep CapEff /proc/self/status'
  expect 'who: --cap-add' 0 '*0000000000001000' sh_in --cap-drop ALL --cap-add NET_ADMIN 'grep CapEff /proc/self/status'
  expect 'who: no chown without CAP_CHOWN' 1 '' sh_in --cap-drop CHOWN 'chown 1 /tmp'
  expect 'who: --privileged' 0 "*[1-9a-f]*ffff" sh_in --privileged 'grep CapEff /proc/self/status'
  expect 'who: --privileged mounts' 0 mounted sh_in --privileged 'mount -t tmpfs x /tmp && echo mounted'
  expect 'who: others do not' 1 '' sh_in 'mount -t tmpfs x /tmp'
  expect 'who: --security-opt no-new-privileges' 0 '*1' sh_in --security-opt no-new-privileges 'grep NoNewPrivs /proc/self/status'
  expect 'who: a filter by default' 0 '*2' sh_in 'grep Seccomp: /proc/self/status'
  expect 'who: --security-opt seccomp=unconfined' 0 '*0' sh_in --security-opt seccomp=unconfined 'grep Seccomp: /proc/self/status'
  cat >"$scratch/profile.json" <<'JSON'
{"defaultAction": "SCMP_ACT_ALLOW",
 "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}
JSON
  expect 'who: --security-opt seccomp=FILE' 1 '2>*not supported*' sh_in --security-opt "seccomp=$scratch/profile.json" 'mkdir /tmp/d'
  expect 'who: --init' 0 '*init*' sh_in --init 'cat /proc/1/comm'
  expect 'who: -w' 0 /var/data sh_in -w /var/data pwd
  expect 'who: -e' 0 'x y' sh_in -e A='x y' 'echo "$A"'
  expect 'who: --env-file' 0 z eval 'echo A=z > "$scratch/env"; sh_in --env-file "$scratch/env" "echo \$A"'
  expect 'who: --entrypoint' 0 'entry' run --entrypoint /bin/echo "$image" entry
  expect 'who: --hostname' 0 'box box' sh_in --hostname box 'echo $(hostname) $(cat /etc/hostname)'
  expect 'who: masked paths are empty' 0 '0' sh_in 'cat /proc/timer_list /proc/keys | wc -c'
  expect 'who: /proc/sys is read-only' 1 '2>*Read-only*' sh_in 'echo 1 > /proc/sys/kernel/panic'
}

files() {
  expect 'files: --read-only' 1 '2>*Read-only*' sh_in --read-only 'touch /x'
  expect 'files: --read-only with --tmpfs' 0 written sh_in --read-only --tmpfs /scratch 'touch /scratch/x && echo written'
  expect 'files: --tmpfs options' 0 '*tmpfs*size=1024k*' sh_in --tmpfs /scratch:size=1m,noexec 'grep " /scratch " /proc/mounts'
  expect 'files: -v of a directory' 0 $'text\nback' from_host
  expect 'files: -v read-only' 1 '2>*Read-only*' sh_in -v "$scratch/host:/h:ro" 'touch /h/x'
  expect 'files: -v of a file' 0 text sh_in -v "$scratch/host/f:/etc/one" 'cat /etc/one'
  expect 'files: --mount' 0 text sh_in --mount "type=bind,source=$scratch/host,target=/h,readonly" 'cat /h/f'
  expect 'files: a volume keeps and copies up' 0 $'from-image\nmore\nseed' volume
  expect 'files: --volumes-from' 0 from-image volumes_from
  expect 'files: --shm-size' 0 '*size=2048k*' sh_in --shm-size 2m 'grep " /dev/shm " /proc/mounts'
  expect 'files: --device' 0 '8192' sh_in --device /dev/zero:/dev/other 'head -c 8192 /dev/other | wc -c'
  expect 'files: other devices are refused' 1 '2>*not permitted*' sh_in --cap-add MKNOD 'mknod /tmp/kmsg c 1 11 && cat /tmp/kmsg'
  [[ -n ${without_cgroups:-} ]] || expect 'files: --device-cgroup-rule' 0 opened sh_in --cap-add MKNOD --cap-add SYSLOG --device-cgroup-rule 'c 1:11 r' 'mknod /tmp/kmsg c 1 11 && exec 3</tmp/kmsg && echo opened'
}

limits() {
  expect 'limits: --memory' 0 33554432 limited memory memory.limit_in_bytes --memory 32m
  expect 'limits: --cpus' 0 50000 limited cpu cpu.cfs_quota_us --cpus 0.5
  expect 'limits: --cpu-shares' 0 512 limited cpu cpu.shares --cpu-shares 512
  expect 'limits: --cpuset-cpus' 0 0 limited cpuset cpuset.cpus --cpuset-cpus 0
  expect 'limits: --pids-limit' 0 17 limited pids pids.max --pids-limit 17
  expect 'limits: --pids-limit 0' 0 max limited pids pids.max --pids-limit 0
  expect 'limits: --pids-limit -1' 0 max limited pids pids.max --pids-limit -1
  expect 'limits: --pids-limit is felt' '[02]' '*' forks_refused
  expect 'limits: out of memory' 0 137 out_of_memory
  expect 'limits: --ulimit' 0 '99 199' sh_in --ulimit nofile=99:199 --ulimit nproc=1024:1024 'echo $(ulimit -Sn) $(ulimit -Hn)'
  expect 'limits: --oom-score-adj' 0 321 sh_in --oom-score-adj 321 'cat /proc/self/oom_score_adj'
  expect 'limits: --sysctl' 0 4321 sh_in --sysctl kernel.msgmax=4321 'cat /proc/sys/kernel/msgmax'
  expect 'limits: --sysctl of the network' 0 1 sh_in --sysctl net.ipv4.ip_forward=1 'cat /proc/sys/net/ipv4/ip_forward'
}

sharing() {
  expect 'share: --pid host' 0 "$(inode pid)" sh_in --pid host "$inode_script pid"
  expect 'share: --pid container' 0 same shares pid pid
  expect 'share: --network container' 0 same shares network net
  expect 'share: --ipc container' 0 same shares ipc ipc --ipc shareable
  expect 'share: --ipc host' 0 "$(inode ipc)" sh_in --ipc host "$inode_script ipc"
  expect 'share: --uts host' 0 "$(hostname)" sh_in --uts host hostname
  expect 'share: --cgroupns host' 0 '*' sh_in --cgroupns host 'grep -q "pids:/." /proc/self/cgroup'
  expect 'share: --cgroupns private' 0 'pids:/' sh_in --cgroupns private 'cut -d: -f2,3 /proc/self/cgroup | grep ^pids'
  expect 'share: --network none' 0 lo e run --rm --network none "${bare[@]}" "$image" ls /sys/class/net
}

quick_uses() {
  expect 'run: output' 0 hello run "$image" echo hello
  expect 'run: exit status' 7 '' sh_in 'exit 7'
  expect 'run: 127 for a program that is not there' 127 '2>*executable file not found in $PATH*' run "$image" nosuch
  expect 'run: 126 without execute permission' 126 '2>*permission denied*' run "$image" /bin/noexec
  expect 'run: a terminal, with its size' 4 $'*/dev/pts/0\n37 91\n*console*' on_terminal 'sleep 0.5; tty; stty size; ls /dev/console; exit 4'
  expect 'life: stop' 0 $'up\nbye\n3' stopped
  [[ -n ${without_cgroups:-} ]] || expect 'life: pause and unpause' 0 $'paused\nrunning\ngoes on' paused
  expect 'look: top' 0 1 top_lists
  expect 'exec: user' 0 '1000 5' execs -u 1000:5 'echo $(id -u) $(id -g)'
  expect 'exec: a terminal, with its size' 0 $'*/dev/pts/*\n37 91' exec_terminal
  expect 'who: --privileged' 0 "*[1-9a-f]*ffff" sh_in --privileged 'grep CapEff /proc/self/status'
  expect 'limits: --memory' 0 33554432 limited memory memory.limit_in_bytes --memory 32m
}

all_uses() {
  if [[ -n ${QUICK:-} ]]; then
    quick_uses
    return
  fi
  run_and_streams
  life
  exec_uses
  identity
  files
  limits
  sharing
}
