// The leader ends at once; its only other thread lives on for a while, then execs or exits.
// Argument `exec`: it execs itself and exits with 6. Otherwise it exits the process with 7.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char** g_argv;

static void* survive(void* unused) {
  (void)unused;
  usleep(50000);
  if (g_argv[1] != NULL && strcmp(g_argv[1], "exec") == 0) {
    char* argv[] = {g_argv[0], "again", NULL};
    char* envp[] = {NULL};
    execve(g_argv[0], argv, envp);
  }
  exit(7);
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "again") == 0) {
    return 6;
  }
  g_argv = argv;
  pthread_t thread;
  pthread_create(&thread, NULL, survive, NULL);
  pthread_exit(NULL);
}
