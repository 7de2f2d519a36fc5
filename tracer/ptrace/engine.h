#pragma once
// The tracer's front door: start a command, follow everything it makes until the last of it has
// exited, and hand out what the kernel said as raw events.
//
// The sink is called on the calling thread, after the tracee concerned has been resumed. It gets a
// Header first, an End last, and numbers without gaps in between.

#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "decoders/call_set.h"
#include "decoders/spec.h"
#include "tracer/base/ids.h"
#include "tracer/base/result.h"
#include "tracer/ptrace/inject.h"
#include "tracer/ptrace/observe.h"
#include "tracer/ptrace/same_cpu.h"
#include "tracer/ptrace/stack_options.h"
#include "tracer/raw/event_sink.h"

namespace boxtrace::ptrace {

/// A variable of the command's environment to set, or without `value` to remove.
struct EnvironmentChange {
  std::string name;
  std::optional<std::string> value;
};

/// What is followed besides the command and all that it makes, how closely, and how long.
struct Following {
  std::vector<base::HostPid> attach;  ///< processes to attach to, with all their threads

  /// Whose own threads are followed lightly: they run at full speed and stop only where they make a
  /// task or become another program. What they make is followed in full.
  enum class Light : std::uint8_t {
    Engines,  ///< of attached processes those that `is_engine`, and engines that these start
    Always,   ///< all attached processes, and each engine, the command too if it is one
    Never,
  };
  Light light = Light::Engines;
  /// Tells daemons that make containers for others by their program and arguments; may be empty.
  std::function<bool(const std::string& exe, const std::vector<std::string>& argv)> is_engine;

  bool until_command_ends = false;  ///< let go of everything when the command's process has ended
  std::optional<std::chrono::nanoseconds> time_limit;  ///< let go of everything then
  /// Asked after each event: let go of everything now? May be empty.
  std::function<bool()> is_enough;
  bool untraced_too = false;    ///< children made with CLONE_UNTRACED
  bool let_go_at_exec = false;  ///< of each process that execs, the command's first exec apart
};

struct LaunchOptions {
  /// The program is looked up in PATH as execvp(3) does. Empty: only `following.attach`.
  std::vector<std::string> command;
  std::vector<EnvironmentChange> environment;  ///< applied to our own, in order
  StackOptions stacks;                         ///< who made the calls
  decoders::Options decode;                    ///< what decoders read, and so what is captured
  /// The calls to stop at. Nothing: every call. So too where a filter cannot be installed without
  /// no_new_privs, which would change what the command may do, and where we may have to let go of
  /// what carries it.
  std::optional<decoders::CallSet> calls;
  std::vector<Injection> injections;  ///< into calls of the command and all that it makes
  FdDetail fds = FdDetail::Needed;
  bool kill_on_exit = false;  ///< all that is traced dies with us
  std::string tool_version;   ///< for the header
  Following following;
  int process_group = 0;  ///< the one that the command is moved to; 0: it stays in ours
  /// Standard input and output are the command's alone once it has been started, so that whoever
  /// reads or writes their other ends sees when it closes them.
  bool gives_up_streams = false;
  /// A parent of ours that passes signals on with pass_signal_to_tracer(). When it ends, we let go.
  int front = 0;
  NarrowedTask* narrowed =
      nullptr;  ///< shared with `front`, which calls widen_after_death() if we are killed
};

/// How the launched command ended. A caller passes it on: exits with `code`, or dies of `signal`.
struct CommandEnd {
  int code = 0;
  int signal = 0;  ///< 0 when it exited
  bool core_dumped = false;
  /// False when there was none, or when we stopped tracing before it ended.
  bool seen = false;
  /// Tasks live on which have our filter of calls: keep_released_tasks() must be called.
  bool keeps = false;
  /// We stopped tracing, as `Following` or a signal asked us to, while something was left to trace.
  bool let_go = false;
  /// The exit status a shell would report: `code`, or 128 + `signal`.
  [[nodiscard]] int shell_status() const { return signal != 0 ? 128 + signal : code; }
};

/// Runs `options.command` and traces it, all its threads and all its descendants to the end; and
/// attaches to the processes that `options.following` names.
///
/// SIGINT, SIGTERM, SIGHUP and SIGQUIT sent to us go to the command; if there is none, or once it
/// is gone and only others live on, they make us let go of these and return.
///
/// With processes to attach to, all of it happens on a thread of its own, the sink's calls
/// included, while the calling one waits: there is one way to let go of a sleeping task without
/// waking it, and that is the end of the thread that traces it.
///
/// @errors  `err` is ENOENT when there is no such command (a shell would exit with 127), EACCES,
///          ENOEXEC and others when it cannot be executed (126); the sink has then seen nothing.
///          EPERM when tracing is not permitted, with a hint that says why. Any other is ours. When
///          the error is about a process to attach to, `err` may be 0.
[[nodiscard]] base::Result<CommandEnd> trace_launch(const LaunchOptions& options,
                                                    raw::EventSink& sink);

/// Keeps the tasks running that a trace with a filter of calls has let go of, to the end of the
/// last. See keeper.h.
void keep_released_tasks();

/// The signals that go to the command.
[[nodiscard]] std::span<const int> relayed_signals();
/// What the kernel is to send to the tracer when its front ends. Source: prctl(2),
/// PR_SET_PDEATHSIG.
inline constexpr int kFrontIsGone = SIGUSR1;
/// For a handler in the front: `details` is what it was given.
void pass_signal_to_tracer(int tracer, int signal, const siginfo_t& details);

}  // namespace boxtrace::ptrace
