// Works until SIGTERM with all that attaching and detaching might disturb, and checks each piece of
// its work. Exit status: 0 when nothing was lost, else the number of the worker that lost something.
// With the argument `epoll` it also waits in epoll_wait, and an interruption of that, which no signal of
// its own causes, is a loss by worker 99. With `unsignalled` it sends itself no signals.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t g_stop;
static volatile int g_lost;
static volatile sig_atomic_t g_handled;

static void lose(int worker) { g_lost = worker; }

static void* echo(void* ends) {
  const int* fds = ends;
  uint32_t number;
  while (read(fds[0], &number, sizeof(number)) == sizeof(number)) {
    if (write(fds[1], &number, sizeof(number)) != sizeof(number)) {
      lose(1);
    }
  }
  return NULL;
}

static void* ping(void* unused) {
  (void)unused;
  int there[2], back[2];
  if (pipe(there) != 0 || pipe(back) != 0) {
    lose(1);
    return NULL;
  }
  int ends[2] = {there[0], back[1]};
  pthread_t other;
  pthread_create(&other, NULL, echo, ends);
  for (uint32_t i = 0; !g_stop; ++i) {
    uint32_t answer = ~i;
    if (write(there[1], &i, sizeof(i)) != sizeof(i) ||
        read(back[0], &answer, sizeof(answer)) != sizeof(answer) || answer != i) {
      lose(1);
    }
    usleep(200);
  }
  close(there[1]);
  pthread_join(other, NULL);
  return NULL;
}

static void* forker(void* unused) {
  (void)unused;
  for (int i = 0; !g_stop; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      _exit(i % 100);
    }
    int status = -1;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
        WEXITSTATUS(status) != i % 100) {
      lose(2);
    }
    usleep(500);
  }
  return NULL;
}

static void* vforker(void* unused) {
  (void)unused;
  while (!g_stop) {
    const pid_t child = vfork();
    if (child == 0) {
      execl("/bin/true", "true", (char*)NULL);
      _exit(1);
    }
    int status = -1;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
      lose(3);
    }
    usleep(1000);
  }
  return NULL;
}

static void* give_back(void* value) { return value; }

static void* spawner(void* unused) {
  (void)unused;
  for (intptr_t i = 1; !g_stop; ++i) {
    pthread_t thread;
    void* result = NULL;
    if (pthread_create(&thread, NULL, give_back, (void*)i) != 0 ||
        pthread_join(thread, &result) != 0 || (intptr_t)result != i) {
      lose(4);
    }
    usleep(300);
  }
  return NULL;
}

static void* sleeper(void* unused) {
  (void)unused;
  while (!g_stop) {
    const struct timespec nap = {0, 4000000};
    if (nanosleep(&nap, NULL) != 0) {
      lose(5);
    }
  }
  return NULL;
}

static void on_signal(int signal) {
  (void)signal;
  ++g_handled;
}

static void* signaller(void* unused) {
  (void)unused;
  sigset_t mine;
  sigemptyset(&mine);
  sigaddset(&mine, SIGUSR1);
  pthread_sigmask(SIG_UNBLOCK, &mine, NULL);
  for (int sent = 1; !g_stop; ++sent) {
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR1);
    if (g_handled != sent) {
      lose(6);
    }
    usleep(300);
  }
  return NULL;
}

static void* epoll_waiter(void* unused) {
  (void)unused;
  const int set = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN};
  epoll_ctl(set, EPOLL_CTL_ADD, eventfd(0, 0), &event);
  while (!g_stop) {
    if (epoll_wait(set, &event, 1, 50) != 0) {
      lose(99);
    }
  }
  return NULL;
}

int main(int argc, char** argv) {
  struct sigaction action;
  memset(&action, 0, sizeof(action));
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &action, NULL);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, NULL);
  const char* const mode = argc > 1 ? argv[1] : "";
  void* (*workers[8])(void*) = {ping, ping, forker, vforker, spawner, sleeper};
  int count = 6;
  if (strcmp(mode, "unsignalled") != 0) {
    workers[count++] = signaller;
  }
  if (strcmp(mode, "epoll") == 0) {
    workers[count++] = epoll_waiter;
  }
  pthread_t threads[8];
  for (int i = 0; i < count; ++i) {
    pthread_create(&threads[i], NULL, workers[i], NULL);
  }
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  int signal = 0;
  while (sigwait(&end, &signal) != 0) {
  }
  g_stop = 1;
  for (int i = 0; i < count; ++i) {
    pthread_join(threads[i], NULL);
  }
  return g_lost;
}
