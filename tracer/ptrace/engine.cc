#include "tracer/ptrace/engine.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <ctime>
#include <utility>

#include "tracer/base/procfs_text.h"
#include "tracer/os/file.h"
#include "tracer/ptrace/call_filter.h"
#include "tracer/ptrace/emitter.h"
#include "tracer/ptrace/keeper.h"
#include "tracer/ptrace/kernel.h"
#include "tracer/ptrace/launch.h"
#include "tracer/ptrace/observe.h"
#include "tracer/ptrace/proc_text.h"
#include "tracer/ptrace/signal_relay.h"
#include "tracer/ptrace/stop.h"
#include "tracer/ptrace/tracer.h"

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
  header.command = options.command;
  header.string_limit = options.decode.string_limit;
  header.env_values = options.decode.env_values;
  header.host = observer.host();
  return header;
}

void run(Kernel& kernel, Tracer& tracer, SignalRelay& relay) {
  while (tracer.step(next_report(kernel, true))) {
    if (const auto signals = relay.take(); !signals.empty()) {
      tracer.on_signals(signals);
    }
    if (tracer.keeps()) {
      return;
    }
  }
}

}  // namespace

base::Result<CommandEnd> trace_launch(const LaunchOptions& options, raw::EventSink& sink) {
  TRY(Observer observer, Observer::open("/proc"));
  std::vector<sock_filter> filter;
  if (options.calls && can_filter_calls()) {
    filter = make_call_filter(*options.calls);
    observer.leave_out_our_filter();
  }
  TRY(LaunchedCommand command, LaunchedCommand::start(options, filter));
  SignalRelay relay{options.front};

  LiveKernel kernel;
  raw::Header header = make_header(options, observer);
  header.every_call = filter.empty();
  Emitter emitter{kernel, sink};
  Tracer tracer{kernel, observer, emitter, options.decode};
  StackCapture stacks{kernel, observer, options.stacks};
  tracer.set_stacks(stacks);
  emitter.hold();
  emitter.emit(kNoTask, base::Nanos{0}, std::move(header));
  if (!observer.is_usable()) {
    emitter.emit(kNoTask, emitter.now(),
                 raw::Gap{"/proc is not that of the tracer's pid namespace, so nothing could be "
                          "observed there"});
  }
  tracer.adopt_command(command.tid(), !filter.empty());
  command.proceed();
  run(kernel, tracer, relay);

  if (tracer.exec_failure() != 0) {
    return base::Error{tracer.exec_failure(),
                       fmt::format("cannot run \"{}\": execve", options.command.front()),
                       tracer.exec_failure() == ENOEXEC
                           ? "neither a program for this machine nor a script with a #! line"
                           : ""};
  }
  raw::End end;
  end.exit_status = tracer.command_end().shell_status();
  end.syscalls = emitter.syscalls();
  end.tasks = tracer.tasks();
  emitter.emit(kNoTask, emitter.now(), end);
  CommandEnd command_end = tracer.command_end();
  command_end.keeps = tracer.keeps();
  return command_end;
}

void keep_released_tasks() {
  LiveKernel kernel;
  keep_running(kernel);
}

}  // namespace boxtrace::ptrace
