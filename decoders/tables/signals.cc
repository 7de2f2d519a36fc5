// Signals with the numbers of x86 and asm-generic. Source: asm/signal.h; signal(7).

#include "decoders/tables/signals.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kRows[] = {
    {1,
     "SIGHUP",
     {"The terminal is gone, or, for many daemons: read your configuration again.", "", ""}},
    {2,
     "SIGINT",
     {"Somebody pressed Ctrl-C; it goes to the whole foreground process group.", "", ""}},
    {3, "SIGQUIT", {"Ctrl-\\: die and leave a core dump.", "", ""}},
    {4, "SIGILL", {"The processor met an instruction that it does not know.", "", ""}},
    {5, "SIGTRAP", {"A breakpoint or a ptrace stop.", "", ""}},
    {6, "SIGABRT", {"The program gave up on itself, through abort(3).", "", ""}},
    {7,
     "SIGBUS",
     {"An address that exists has nothing behind it, such as a page of a file cut short.", "", ""}},
    {8, "SIGFPE", {"An impossible calculation, such as a division of integers by zero.", "", ""}},
    {9,
     "SIGKILL",
     {"Death that cannot be caught, blocked or ignored.",
      "SigCgt and SigIgn in /proc/PID/status never hold it.",
      "Process 1 of a pid namespace ignores it when it comes from inside, but not when it comes "
      "from "
      "a namespace above. A memory cgroup at its limit kills with it too: look at memory.events."}},
    {10, "SIGUSR1", {"Whatever the program wants it to mean.", "", ""}},
    {11, "SIGSEGV", {"An address that is not mapped, or not for this kind of access.", "", ""}},
    {12, "SIGUSR2", {"Whatever the program wants it to mean.", "", ""}},
    {13, "SIGPIPE", {"Wrote to a pipe that nobody reads any more.", "", ""}},
    {14, "SIGALRM", {"A timer of alarm(2) or setitimer(2) has run out.", "", ""}},
    {15,
     "SIGTERM",
     {"The polite request to end; what `docker stop` sends first.", "",
      "A program that runs as process 1 of a container and has installed no handler does not die "
      "of "
      "it: the kernel drops signals to an init that it did not ask for. Hence the ten seconds "
      "until "
      "SIGKILL."}},
    {16, "SIGSTKFLT", {"Never sent by Linux.", "", ""}},
    {17,
     "SIGCHLD",
     {"A child has died or stopped.", "",
      "If it is ignored (SIG_IGN), children leave no zombies and wait(2) finds nothing."}},
    {18,
     "SIGCONT",
     {"Go on after a stop. It takes effect even where it is blocked or ignored.", "", ""}},
    {19,
     "SIGSTOP",
     {"Stop; cannot be caught, blocked or ignored.", "State T in /proc/PID/status.", ""}},
    {20, "SIGTSTP", {"Ctrl-Z: a stop that a program may catch.", "", ""}},
    {21, "SIGTTIN", {"Read from the terminal while in the background.", "", ""}},
    {22, "SIGTTOU", {"Wrote to the terminal while in the background.", "", ""}},
    {23,
     "SIGURG",
     {"Urgent data on a socket. The Go runtime uses it to interrupt goroutines that run too long.",
      "",
      "In traces of runc or containerd it is by far the most frequent signal and means nothing for "
      "the container."}},
    {24, "SIGXCPU", {"The CPU time limit RLIMIT_CPU is used up.", "", ""}},
    {25, "SIGXFSZ", {"A file grew beyond RLIMIT_FSIZE.", "", ""}},
    {26, "SIGVTALRM", {"A timer that counts the time on the CPU has run out.", "", ""}},
    {27, "SIGPROF", {"A profiling timer has run out.", "", ""}},
    {28,
     "SIGWINCH",
     {"The terminal window changed its size; runtimes hand the new size on.", "", ""}},
    {29, "SIGIO", {"I/O is possible on a descriptor that was set up for it (O_ASYNC).", "", ""}},
    {30,
     "SIGPWR",
     {"Power failure; lxc sends it to a container's init to ask it to shut down.", "", ""}},
    {31,
     "SIGSYS",
     {"A seccomp filter answered a system call with KILL or TRAP.",
      "Seccomp: 2 in /proc/PID/status.",
      "The call that was refused is in the siginfo (si_syscall), not in the output of the "
      "program."}},
    {32, "SIGRT_0"},
    {33, "SIGRT_1"},
    {34, "SIGRT_2"},
    {35, "SIGRT_3"},
    {36, "SIGRT_4"},
    {37, "SIGRT_5"},
    {38, "SIGRT_6"},
    {39, "SIGRT_7"},
    {40, "SIGRT_8"},
    {41, "SIGRT_9"},
    {42, "SIGRT_10"},
    {43, "SIGRT_11"},
    {44, "SIGRT_12"},
    {45, "SIGRT_13"},
    {46, "SIGRT_14"},
    {47, "SIGRT_15"},
    {48, "SIGRT_16"},
    {49, "SIGRT_17"},
    {50, "SIGRT_18"},
    {51, "SIGRT_19"},
    {52, "SIGRT_20"},
    {53, "SIGRT_21"},
    {54, "SIGRT_22"},
    {55, "SIGRT_23"},
    {56, "SIGRT_24"},
    {57, "SIGRT_25"},
    {58, "SIGRT_26"},
    {59, "SIGRT_27"},
    {60, "SIGRT_28"},
    {61, "SIGRT_29"},
    {62, "SIGRT_30"},
    {63, "SIGRT_31"},
    {64, "SIGRT_32"},
    {0,
     "0",
     {"No signal: kill with 0 only asks whether the process exists and may be signalled.", "", ""}},
};

}  // namespace

const ConstantTable kSignals{
    "signals", ConstantTable::Kind::Enum, "SIG_???", "asm/signal.h", "signal(7)", kRows};

}  // namespace boxtrace::decoders
