#include "tracer/ptrace/engine.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "tracer/base/procfs_text.h"
#include "tracer/os/file.h"
#include "tracer/ptrace/attach.h"
#include "tracer/ptrace/call_filter.h"
#include "tracer/ptrace/emitter.h"
#include "tracer/ptrace/keeper.h"
#include "tracer/ptrace/kernel.h"
#include "tracer/ptrace/launch.h"
#include "tracer/ptrace/light_calls.h"
#include "tracer/ptrace/observe.h"
#include "tracer/ptrace/proc_text.h"
#include "tracer/ptrace/report_queue.h"
#include "tracer/ptrace/return_stops.h"
#include "tracer/ptrace/signal_relay.h"
#include "tracer/ptrace/stop.h"
#include "tracer/ptrace/ticker.h"
#include "tracer/ptrace/tracer.h"
#include "tracer/stacks/instructions.h"

namespace boxtrace::ptrace {
namespace {

constexpr base::TaskId kNoTask{0};

std::string wall_time() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm utc{};
  ::gmtime_r(&now.tv_sec, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     now.tv_nsec / 1'000'000);
}

// The command line that says what was traced.
std::vector<std::string> traced_command(const LaunchOptions& options) {
  std::vector<std::string> words;
  for (const base::HostPid pid : options.following.attach) {
    words.emplace_back("-p");
    words.push_back(fmt::format("{}", pid.value));
  }
  words.insert(words.end(), options.command.begin(), options.command.end());
  return words;
}

raw::Header make_header(const LaunchOptions& options, const Observer& observer) {
  raw::Header header;
  utsname system{};
  ::uname(&system);
  header.tool_version = options.tool_version;
  header.kernel = static_cast<const char*>(system.release);
  header.arch = static_cast<const char*>(system.machine);
  if (const auto mounts = os::read_file("/proc/self/mountinfo"); mounts.ok()) {
    header.cgroup = cgroup_layout(base::parse_mountinfo(mounts.value()));
  }
  if (const auto status = os::read_file("/proc/self/status"); status.ok()) {
    header.host_caps = parse_status(status.value()).cap_bnd;
  }
  header.wall_time = wall_time();
  header.command = traced_command(options);
  header.string_limit = options.decode.string_limit;
  header.env_values = options.decode.env_values;
  header.host = observer.host();
  return header;
}

void run(Kernel& kernel, Tracer& tracer, SignalRelay& relay, const Following& following) {
  Ticker ticker;
  const auto is_over_time = [&, begun = kernel.now()] {
    return following.time_limit && kernel.now() - begun >= following.time_limit->count();
  };
  if (following.time_limit || !following.attach.empty()) {
    ticker.start();
  }
  ReportQueue reports{kernel};
  // A stop that was collected and is not resumed by us would cost the task its signal.
  for (bool goes_on = true; goes_on || reports.has_collected();) {
    goes_on = tracer.step(reports.next());
    if (const auto signals = relay.take(); !signals.empty()) {
      tracer.on_signals(signals);
    }
    if (tracer.keeps()) {
      while (reports.has_collected()) {
        keep_going(kernel, reports.next());
      }
      return;
    }
    const bool failed = !following.attach.empty() && tracer.exec_failure() != 0;
    if (is_over_time() || (following.is_enough && following.is_enough()) ||
        (following.until_command_ends && tracer.command_end().seen) || failed) {
      tracer.let_go();
    }
    if (tracer.is_letting_go()) {
      ticker.start();
    }
  }
}

base::Result<std::vector<SeizedProcess>> seize_all(Kernel& kernel, const Observer& observer,
                                                   const std::vector<base::HostPid>& pids) {
  std::vector<SeizedProcess> seized;
  for (const base::HostPid pid : pids) {
    const base::HostPid group = observer.group_of({pid.value}).value_or(pid);
    const bool is_ours = std::any_of(seized.begin(), seized.end(),
                                     [group](const auto& process) { return process.pid == group; });
    if (!is_ours) {
      TRY(SeizedProcess process, seize_process(kernel, observer, pid));
      seized.push_back(std::move(process));
    }
  }
  return seized;
}

base::Error exec_error(const LaunchOptions& options, int err) {
  return {err, fmt::format("cannot run \"{}\": execve", options.command.front()),
          err == ENOEXEC ? "neither a program for this machine nor a script with a #! line" : ""};
}

/// The command runs without our filter of calls: what may have to be let go of, or is to run at
/// full speed, must not carry it.
bool excludes_filter(const Following& following) {
  return following.light == Following::Light::Always || !following.attach.empty() ||
         following.until_command_ends || following.time_limit || following.is_enough ||
         following.let_go_at_exec;
}

/// Null where they are not to be had: tasks are stopped at every call then, which only takes
/// longer. So too where something is to be done or seen at entries.
std::unique_ptr<ReturnStops> return_stops_for(const LaunchOptions& options) {
  const bool needs_entries = options.stacks.stacks || options.stacks.sites ||
                             !options.injections.empty() || options.following.untraced_too;
  if (!options.calls || !excludes_filter(options.following) || needs_entries) {
    return nullptr;
  }
  auto stops = open_return_stops(with_engine_calls(*options.calls), light_calls(),
                                 options.fds == FdDetail::Needed);
  return stops.ok() ? std::move(stops).value() : nullptr;
}

base::Result<CommandEnd> trace_here(const LaunchOptions& options, raw::EventSink& sink) {
  TRY(Observer observer, Observer::open("/proc"));
  if (options.stacks.stacks) {
    TRY_OK(stacks::Disassembler::load());
  }
  std::vector<sock_filter> filter;
  if (!options.command.empty() && options.calls && can_filter_calls() &&
      !excludes_filter(options.following)) {
    filter = make_call_filter(*options.calls);
    observer.leave_out_our_filter();
  }
  LiveKernel kernel{options.narrowed};
  // Before anything is seized: the kernel takes some milliseconds to check the programs.
  const std::unique_ptr<ReturnStops> return_stops = return_stops_for(options);
  std::optional<LaunchedCommand> command;
  if (!options.command.empty()) {
    TRY(command, LaunchedCommand::start(options, filter));
  }
  // From the first seized thread on, a signal to us must let go of it rather than kill us.
  SignalRelay relay{options.front};
  TRY(const auto attached, seize_all(kernel, observer, options.following.attach));

  raw::Header header = make_header(options, observer);
  header.every_call = !options.calls || (filter.empty() && !excludes_filter(options.following));
  Emitter emitter{kernel, sink};
  Tracer tracer{kernel, observer, emitter, options.decode, options.following};
  StackCapture stacks{kernel, observer, options.stacks};
  tracer.set_stacks(stacks);
  if (options.calls && excludes_filter(options.following)) {
    tracer.choose_calls(with_engine_calls(*options.calls));
  }
  if (return_stops) {
    tracer.stop_at_returns(*return_stops);
  }
  tracer.inject(Injector{options.injections});
  tracer.describe_fds(options.fds);
  emitter.hold();
  emitter.emit(kNoTask, base::Nanos{0}, std::move(header));
  if (!observer.is_usable()) {
    emitter.emit(kNoTask, emitter.now(),
                 raw::Gap{"/proc is not that of the tracer's pid namespace, so nothing could be "
                          "observed there"});
  }
  for (const SeizedProcess& process : attached) {
    tracer.adopt_process(process);
  }
  if (command) {
    tracer.adopt_command(command->tid(), !filter.empty());
    command->proceed();
  } else {
    emitter.release();
  }
  run(kernel, tracer, relay, options.following);

  if (tracer.exec_failure() != 0) {
    return exec_error(options, tracer.exec_failure());
  }
  tracer.leave_the_rest();
  raw::End end;
  end.exit_status = tracer.command_end().shell_status();
  end.syscalls = emitter.syscalls();
  end.tasks = tracer.tasks();
  emitter.emit(kNoTask, emitter.now(), end);
  CommandEnd command_end = tracer.command_end();
  command_end.keeps = tracer.keeps();
  command_end.let_go =
      tracer.is_letting_go() || (options.following.let_go_at_exec && !command_end.seen);
  return command_end;
}

// A thread is over for pthread_join(3) early on its way out; only later does the kernel let go of
// the tracees it leaves behind, and then of the thread itself. Source: kernel/exit.c: do_exit(),
// where exit_mm() is before exit_notify().
void wait_until_released(pid_t tid) {
  while (::tgkill(::getpid(), tid, 0) == 0) {
    std::this_thread::sleep_for(std::chrono::microseconds{50});
  }
}

// Runs `work` on a thread that ends with it, and all its tracing with that. Signals go there: they
// have to interrupt its waits.
template <typename Work>
void run_on_own_thread(Work work) {
  pid_t tid = 0;
  std::thread thread{[&] {
    tid = ::gettid();
    work();
  }};
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread.join();
  wait_until_released(tid);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

base::Result<CommandEnd> trace_launch(const LaunchOptions& options, raw::EventSink& sink) {
  if (options.following.attach.empty()) {
    return trace_here(options, sink);
  }
  std::optional<base::Result<CommandEnd>> end;
  run_on_own_thread([&] { end = trace_here(options, sink); });
  return *std::move(end);
}

void keep_released_tasks() {
  LiveKernel kernel;
  keep_running(kernel);
}

}  // namespace boxtrace::ptrace
