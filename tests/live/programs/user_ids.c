// Says as whom it runs, and whether it may make raw sockets: tests give copies of it set-user-ID
// and set-group-ID bits and file capabilities.

#include <linux/capability.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct sets[2] = {{0, 0, 0}, {0, 0, 0}};
  syscall(SYS_capget, &header, sets);
  printf("uid %u gid %u raw %u\n", geteuid(), getegid(), sets[0].permitted >> CAP_NET_RAW & 1);
  return 0;
}
