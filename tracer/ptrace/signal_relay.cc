#include "tracer/ptrace/signal_relay.h"

#include <sys/time.h>
#include <unistd.h>

#include <atomic>

#include "tracer/ptrace/engine.h"

namespace boxtrace::ptrace {
namespace {

constexpr std::array<int, 4> kRelayed{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
constexpr int kSentByKernel = -1;  // in the place of a pid
constexpr suseconds_t kTickMicroseconds = 20'000;

// One slot per signal: a second one before the first was noticed adds nothing, as in the kernel.
struct Slot {
  std::atomic<bool> is_set{false};
  std::atomic<pid_t> sender{0};
  std::atomic<bool> from_kernel{false};
};
static_assert(std::atomic<pid_t>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

std::array<Slot, kRelayed.size()> g_slots;
std::atomic<bool> g_any{false};
std::atomic<pid_t> g_front{0};
std::atomic<bool> g_front_is_gone{false};

void set_timer(suseconds_t interval) {
  const itimerval timer{{0, interval}, {0, interval}};
  ::setitimer(ITIMER_REAL, &timer, nullptr);  // a bare system call, hence safe in a handler
}

void on_signal(int signal, siginfo_t* details, void* /*context*/) {
  const pid_t front = g_front.load();
  const bool is_passed_on = front != 0 && details->si_code == SI_QUEUE && details->si_pid == front;
  const int sender = is_passed_on                    ? details->si_value.sival_int
                     : details->si_code == SI_KERNEL ? kSentByKernel
                                                     : details->si_pid;
  if (signal == kFrontIsGone) {
    g_front_is_gone.store(front != 0 && ::getppid() != front);
  }
  for (std::size_t i = 0; i < kRelayed.size(); ++i) {
    if (kRelayed[i] == signal) {
      g_slots[i].from_kernel.store(sender == kSentByKernel);
      g_slots[i].sender.store(sender == kSentByKernel ? 0 : sender);
      g_slots[i].is_set.store(true);
    }
  }
  g_any.store(true);
  set_timer(kTickMicroseconds);
}

void on_tick(int /*signal*/) {}

}  // namespace

std::span<const int> relayed_signals() { return kRelayed; }

void pass_signal_to_tracer(int tracer, int signal, const siginfo_t& details) {
  sigval value{};
  value.sival_int = details.si_code == SI_KERNEL ? kSentByKernel : details.si_pid;
  ::sigqueue(tracer, signal, value);
}

SignalRelay::SignalRelay(pid_t front) {
  g_front.store(front);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  replace(SIGTTIN, ignore, true);
  replace(SIGTTOU, ignore, true);
  struct sigaction tick {};
  tick.sa_handler = on_tick;
  replace(SIGALRM, tick, true);
  // No SA_RESTART: wait4 must return.
  struct sigaction relay {};
  relay.sa_sigaction = on_signal;
  relay.sa_flags = SA_SIGINFO;
  for (const int signal : kRelayed) {
    replace(signal, relay, false);
  }
  if (front != 0) {
    replace(kFrontIsGone, relay, true);
  }
}

SignalRelay::~SignalRelay() {
  set_timer(0);
  for (Saved& saved : saved_) {
    const bool is_passed_on = saved.signal != SIGTTIN && saved.signal != SIGTTOU &&
                              saved.signal != SIGALRM && g_front.load() != 0;
    if (is_passed_on) {
      saved.action.sa_handler =
          SIG_IGN;  // it comes too late for the command, and is not meant for us
      saved.action.sa_flags = 0;
    }
    ::sigaction(saved.signal, &saved.action, nullptr);
  }
}

void SignalRelay::replace(int signal, const struct sigaction& action, bool even_if_ignored) {
  Saved saved{signal, {}};
  ::sigaction(signal, nullptr, &saved.action);
  if (saved.action.sa_handler == SIG_IGN && !even_if_ignored) {
    return;
  }
  ::sigaction(signal, &action, nullptr);
  saved_.push_back(saved);
}

std::vector<RelayedSignal> SignalRelay::take() {
  std::vector<RelayedSignal> taken;
  if (!g_any.exchange(false)) {
    return taken;
  }
  set_timer(0);
  if (g_front_is_gone.exchange(false)) {
    taken.push_back({kFrontIsGone, 0, false, true});
  }
  for (std::size_t i = 0; i < kRelayed.size(); ++i) {
    if (g_slots[i].is_set.exchange(false)) {
      taken.push_back(
          {kRelayed[i], g_slots[i].sender.load(), g_slots[i].from_kernel.load(), false});
    }
  }
  return taken;
}

}  // namespace boxtrace::ptrace
