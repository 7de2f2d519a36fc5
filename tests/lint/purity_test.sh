#!/usr/bin/env bash
# purity_test.sh OBJECT...: none of the object files refers to a function that reaches the operating
# system. The includes can look innocent (layering_test.cc) and the code still not be; the linker's
# view cannot be talked out of it.
set -euo pipefail

forbidden=(
  # files
  'open(64|at|at64)?' 'creat' 'close' 'dup[23]?' 'p?(read|write)(64|v)?' 'lseek(64)?' 'ftruncate'
  '[lf]?stat(64|at|at64|x)?' 'readlink(at)?' 'realpath' 'f?access(at)?' '(un)?link(at)?' 'mk(dir|nod|stemp|dtemp)(at)?'
  'opendir' 'readdir(64)?' 'scandir(64)?' 'f(d|re)?open(64)?' 'f(read|write|gets|getc|puts|putc|printf|flush)'
  '__(v?f)?printf_chk' '__fprintf_chk' 'v?printf' 'puts' 'putchar' 'getline' 'perror' 'u?mount2?' 'chroot' 'chdir' 'ioctl' 'fcntl(64)?'
  # processes
  'v?fork' 'clone' 'exec(ve|v|vp|l|lp|le|veat)' 'posix_spawnp?' 'system' 'popen' 'wait(pid|id|3|4)?'
  'kill' 'raise' 'ptrace' 'process_vm_(read|write)v' 'syscall' 'prctl' 'unshare' 'setns' 'pthread_create'
  'dlopen' 'mmap(64)?'
  # who and where we are
  '(secure_)?getenv' 'setenv' 'putenv' '_*environ' 'getcwd' 'gethostname' 'uname' 'isatty' 'sysconf'
  'get(p|pp|u|eu|g|eg|t)id' 'getpw(nam|uid)(_r)?' 'getgr(nam|gid)(_r)?'
  # time and chance
  'time' 'gettimeofday' 'clock(_gettime)?' 'clock_nanosleep' '(u|nano)?sleep' 'localtime(_r)?' 'setlocale'
  'getrandom' 's?rand(om)?' 'arc4random'
  'std::chrono::_V2::.*::now.*' 'std::random_device::.*'
  # C++ ways to the same
  'std::filesystem::.*' 'std::basic_[io]?f(stream|ilebuf)<.*' 'std::thread::.*' 'std::c(out|err|in|log)'
)
pattern="^($(IFS='|' && echo "${forbidden[*]}"))(@.*)?\$"

(($# > 0)) || { echo "usage: ${0##*/} OBJECT..." >&2; exit 2; }
status=0
for object in "$@"; do
  # A broken invariant is printed before the program aborts; nothing else may print. Capstone is loaded when it is
  # wanted instead of at the start.
  [[ $object == */check.cc.o || $object == */capstone.cc.o ]] && continue
  [[ -f $object ]] || { echo "$object is not built"; exit 1; }
  calls=$(nm --undefined-only --demangle --format=just-symbols "$object" | grep -E "$pattern" || true)
  if [[ -n $calls ]]; then
    echo "${object#*CMakeFiles/} reaches the operating system through: ${calls//$'\n'/, }"
    status=1
  fi
done
((status)) || echo "$# object files make no system call"
exit "$status"
