// Loads the eBPF program of type CGROUP_DEVICE in the file of the first argument, as a runtime
// does, and attaches it to the cgroup of the second, which it makes and removes. Exit status: 0; 77
// where the kernel does not let it; 1.

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(int command, union bpf_attr* attr) {
  return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int fail(const char* what) {
  const int skip = errno == EPERM || errno == EACCES || errno == ENOSYS;
  perror(what);
  return skip ? 77 : 1;
}

int main(int argc, char** argv) {
  static struct bpf_insn program[4096];
  if (argc != 3) {
    return 1;
  }
  const int file = open(argv[1], O_RDONLY | O_CLOEXEC);
  const ssize_t size = read(file, program, sizeof(program));
  if (size <= 0) {
    return fail(argv[1]);
  }
  if (mkdir(argv[2], 0755) != 0) {
    return fail(argv[2]);
  }
  const int group = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  union bpf_attr attr;
  memset(&attr, 0, sizeof(attr));
  attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attr.insns = (__u64)(unsigned long)program;
  attr.insn_cnt = (__u32)((size_t)size / sizeof(program[0]));
  attr.license = (__u64)(unsigned long)"Apache";
  const int loaded = bpf(BPF_PROG_LOAD, &attr);
  int status = loaded < 0 ? fail("BPF_PROG_LOAD") : 0;
  if (status == 0) {
    memset(&attr, 0, sizeof(attr));
    attr.target_fd = (__u32)group;
    attr.attach_bpf_fd = (__u32)loaded;
    attr.attach_type = BPF_CGROUP_DEVICE;
    status = bpf(BPF_PROG_ATTACH, &attr) < 0 ? fail("BPF_PROG_ATTACH") : 0;
  }
  rmdir(argv[2]);
  return status;
}
