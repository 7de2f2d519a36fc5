# A container engine of one's own, for scripts to source: containerd and dockerd below a folder in /tmp, with
# an image made of busybox. Exits with 77 where that cannot be. Everything is gone when the script ends;
# processes in $tracer_pid, which is the script's, too.
#
#   start_engine IMAGE [FILE...]   FILEs come into the image's /bin; dockerd gets the words of $dockerd_options too

for tool in dockerd containerd docker busybox; do
  if ! command -v "$tool" >/dev/null; then
    echo "SKIP: $tool is not installed"
    exit 77
  fi
done
if ((EUID != 0)); then
  echo 'SKIP: dockerd needs root'
  exit 77
fi

scratch=$(mktemp -d)
cgroup=boxtrace-engine-${scratch##*.}
containerd_pid='' dockerd_pid='' tracer_pid=''
dockerd_options=()
clean_up() {
  for pid in $tracer_pid $dockerd_pid $containerd_pid; do
    kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
  done
  findmnt --list --noheadings --output TARGET | grep "^$scratch/" | tac | xargs --no-run-if-empty umount --lazy
  find /sys/fs/cgroup -depth -type d -path "*/$cgroup*" -exec rmdir {} +
  rm -rf "$scratch"
}
trap 'clean_up || true' EXIT

# wait_for SECONDS COMMAND...
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS > deadline)); then
      echo "gave up waiting for: $*" >&2
      return 1
    fi
    sleep 0.05
  done
}

start_engine() {
  local image=$1
  shift
  containerd --root "$scratch/containerd" --state "$scratch/containerd-state" \
    --address "$scratch/containerd.sock" >"$scratch/containerd.log" 2>&1 &
  containerd_pid=$!
  wait_for 20 test -S "$scratch/containerd.sock"
  dockerd --data-root "$scratch/docker" --exec-root "$scratch/exec" --pidfile "$scratch/docker.pid" \
    --host "unix://$scratch/docker.sock" --containerd "$scratch/containerd.sock" \
    --iptables=false --ip6tables=false --bridge=none --cgroup-parent "/$cgroup" "${dockerd_options[@]}" >"$scratch/dockerd.log" 2>&1 &
  dockerd_pid=$!
  export DOCKER_HOST=unix://$scratch/docker.sock
  wait_for 30 docker version
  mkdir -p "$scratch/rootfs/bin"
  cp "$(command -v busybox)" "$scratch/rootfs/bin/busybox"
  ln -s busybox "$scratch/rootfs/bin/true"
  if (($#)); then
    cp "$@" "$scratch/rootfs/bin/"
  fi
  touch "$scratch/rootfs/hosts"
  tar -C "$scratch/rootfs" -c . | docker import - "$image" >/dev/null
}

# A tracer is attached to both daemons.
is_traced() {
  grep --quiet "^TracerPid:[[:space:]]*[1-9]" "/proc/$dockerd_pid/status" &&
    grep --quiet "^TracerPid:[[:space:]]*[1-9]" "/proc/$containerd_pid/status"
}
