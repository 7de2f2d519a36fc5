#include "runtime/exec/child.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>
#include <type_traits>

#include "runtime/exec/channel.h"
#include "runtime/exec/clone.h"
#include "runtime/exec/signals.h"
#include "runtime/steps/steps.h"

namespace boxrun::exec {
namespace {

using plan::Actor;
using steps::Inside;
using steps::Outcome;

/// What `ps` and every tracer show; at most 15 bytes, prctl(2) cuts the rest.
const char* process_name(Actor actor) {
  return actor == Actor::NamespaceStage ? "boxrun:[1:NS]" : "boxrun:[2:INIT]";
}

[[noreturn]] void fail(const Outcome& outcome, const Inside& inside) {
  inside.report(outcome);
  ::_exit(outcome.err() == ENOENT ? 127 : outcome.err() == EACCES ? 126 : 125);
}

Outcome run_tell(const plan::Tell& step, Inside& inside) {
  Message message;
  message.kind = step.message;
  message.step = inside.step;
  message.number = inside.born;
  const std::array source{inside.source.get()};
  const bool brings_source = step.message == MessageKind::SourceCloned;
  return send_message(inside.channel, message,
                      brings_source ? std::span<const int>{source} : std::span<const int>{})
             ? Outcome::done()
             : Outcome::refused(errno, "send(%s)", render_kind(step.message).data());
}

Outcome run_await(const plan::Await& step, Inside& inside) {
  Message message;
  if (receive_message(inside.channel, message, inside.cgroup_files) != Receipt::Got ||
      message.kind != step.message) {
    // Closed: boxrun was killed. There is nobody to report to, and nothing to go on for.
    return Outcome::refused(ECONNRESET, "recv(%s): boxrun is gone",
                            render_kind(step.message).data());
  }
  if (message.kind == MessageKind::CgroupMade) {
    inside.cgroup_places = message.places;
  }
  if (message.number > 0) {
    inside.host_pid = message.number;
  }
  return Outcome::done();
}

/// The wait may be long, and must not hold the caller's end of a pipe open. Nothing of ours stays
/// either that the last steps do not need; objects that own a number forget it at execve(2).
void close_all_but_needed(const Inside& inside, std::uint32_t preserve) {
  const Prepared& prepared = inside.prepared;
  std::array needed = {prepared.start_fifo.get(),      prepared.seccomp_listener.get(),
                       prepared.hook_output.out.get(), prepared.hook_output.err.get(),
                       inside.channel.get(),           inside.apparmor_label.get(),
                       inside.selinux_label.get()};
  std::ranges::sort(needed);
  unsigned first = 3 + preserve;
  for (const int fd : needed) {
    const unsigned number = fd < 0 ? 0 : static_cast<unsigned>(fd);
    if (number > first) {
      ::syscall(SYS_close_range, first, number - 1, 0);
    }
    first = std::max(first, number + 1);
  }
  ::syscall(SYS_close_range, first, ~0U, 0);
}

/// Blocks until `boxrun start` writes a byte. We hold the FIFO for reading and writing, so that no
/// earlier visitor can leave it at end of file.
Outcome run_wait(const plan::WaitForStart& step, Inside& inside) {
  close_all_but_needed(inside, step.preserve);
  char byte = 0;
  ssize_t got = 0;
  do {
    got = ::read(inside.prepared.start_fifo.get(), &byte, 1);
  } while (got < 0 && errno == EINTR);
  return got == 1 ? Outcome::done() : Outcome::refused(got < 0 ? errno : EPIPE, "read(exec.fifo)");
}

void begin(Actor actor, const plan::Plan& plan, const Prepared& prepared) {
  const bool is_first = !plan.staged || actor == Actor::NamespaceStage;
  if (prepared.lock_fd >= 0 && is_first) {
    ::close(prepared.lock_fd);  // flock(2) belongs to the open file, which clone(2) shares
  }
  reset_signals();
  ::signal(SIGPIPE, SIG_IGN);  // until execve(2): boxrun and hooks may go away while we write
  ::prctl(PR_SET_NAME, process_name(actor), 0, 0, 0);
  // Should boxrun be killed before the container is complete, nothing half-made stays behind.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  const bool maps_follow = std::ranges::any_of(plan.steps, [actor](const plan::Step& step) {
    const auto* await = std::get_if<plan::Await>(&step.action);
    return step.actor == actor && await != nullptr && await->message == MessageKind::IdMapsWritten;
  });
  if (!maps_follow) {
    // Nobody may look into a process that still holds the host's descriptors. CVE-2016-9962. Where
    // id maps follow, BecomeRoot does it: a rootless boxrun has to write into our /proc before.
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  }
}

Outcome run_spawn(const plan::Spawn& step, Inside& inside) {
  const pid_t pid = clone_process(step.flags, -1);
  if (pid < 0) {
    return Outcome::refused(errno, "clone3(0x%llx)", static_cast<unsigned long long>(step.flags))
        .hint("%s",
              errno == ENOMEM ? "the first process of a joined pid namespace may have ended" : "");
  }
  if (pid == 0) {
    run_child(inside.plan, inside.prepared, Actor::Init, inside.channel);
  }
  inside.born = pid;
  return Outcome::done();
}

/// One step. What belongs to boxrun itself never gets here.
struct RunStep {
  Inside& inside;

  template <typename Step>
  Outcome operator()(const Step& step) const {
    if constexpr (std::is_same_v<Step, plan::Tell>) {
      if (step.message == MessageKind::Ready) {
        // boxrun ends as soon as it has answered, and that must not kill a complete container.
        // Should it die before it answers, the closed socket says so.
        ::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
      }
      return run_tell(step, inside);
    } else if constexpr (std::is_same_v<Step, plan::Await>) {
      return run_await(step, inside);
    } else if constexpr (std::is_same_v<Step, plan::WaitForStart>) {
      return run_wait(step, inside);
    } else if constexpr (std::is_same_v<Step, plan::Spawn>) {
      return run_spawn(step, inside);
    } else if constexpr (requires { steps::run(step, inside); }) {
      return steps::run(step, inside);
    } else {
      return Outcome::refused(0, "this step belongs to boxrun itself");
    }
  }
};

}  // namespace

void run_child(const plan::Plan& plan, const Prepared& prepared, Actor actor,
               os::BorrowedFd channel) {
  begin(actor, plan, prepared);
  Inside inside{plan, prepared, channel};
  inside.owns_mounts = plan.owns_mounts;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const plan::Step& step = plan.steps[i];
    if (step.actor != actor) {
      continue;
    }
    inside.step = static_cast<int>(i);
    prepared.progress->store(inside.step, std::memory_order_relaxed);
    const Outcome outcome = std::visit(RunStep{inside}, step.action);
    if (outcome.failed()) {
      fail(outcome, inside);
    }
  }
  ::_exit(0);
}

}  // namespace boxrun::exec
