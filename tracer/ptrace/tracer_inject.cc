// What Tracer does to calls that an injection hits; which calls these are, inject.h decides.

#include <utility>

#include "decoders/registry.h"
#include "tracer/ptrace/tracer.h"

namespace boxtrace::ptrace {

void Tracer::begin_injection(const Tracee& tracee) {
  const Injection& injection = *tracee.call->injection;
  if (!injection.replaces()) {
    return;
  }
  const raw::Abi abi = tracee.call->call.abi;
  const int other =
      injection.instead == nullptr ? -1 : decoders::number_in(*injection.instead, abi);
  std::uint64_t number = other < 0 ? ~std::uint64_t{0} : static_cast<std::uint64_t>(other);
  if (other >= 0 && abi == raw::Abi::X32) {
    number |= raw::kX32SyscallBit;
  }
  kernel_->set_call_number(tracee.tid, number);
}

std::optional<raw::Outcome> Tracer::end_injection(const Tracee& tracee, const CallInFlight& call) {
  if (call.injection == nullptr || !call.injection->replaces()) {
    return std::nullopt;
  }
  if (call.injection->error) {
    kernel_->set_result(tracee.tid, -*call.injection->error);
    return raw::Outcome{raw::Outcome::Kind::Failed, *call.injection->error};
  }
  kernel_->set_result(tracee.tid, *call.injection->retval);
  return raw::Outcome{raw::Outcome::Kind::Returned, *call.injection->retval};
}

void Tracer::proceed(const Tracee& tracee, Stopped stopped, base::Nanos delay, int signal) {
  if (delay.value == 0) {
    std::move(stopped).resume(tracee.stops_next(), signal);
    return;
  }
  constexpr std::int64_t kLookEvery = 500'000;  // how exact delays are
  if (delayed_.empty()) {
    kernel_->wake_every(kLookEvery);
  }
  const base::Nanos due{emitter_->now().value + delay.value};
  delayed_.emplace(tracee.tid, Delayed{std::move(stopped), signal, due});
}

void Tracer::proceed_due() {
  if (delayed_.empty()) {
    return;
  }
  const base::Nanos now = emitter_->now();
  for (auto each = delayed_.begin(); each != delayed_.end();) {
    const Tracee* const tracee = tracees_.find(each->first);
    if (tracee != nullptr && now < each->second.due) {
      ++each;
      continue;
    }
    if (tracee != nullptr) {
      std::move(each->second.stopped).resume(tracee->stops_next(), each->second.signal);
    } else {
      std::move(each->second.stopped).forget();
    }
    each = delayed_.erase(each);
  }
  if (delayed_.empty()) {
    kernel_->wake_every(0);
  }
}

void Tracer::release_delayed() {
  if (delayed_.empty()) {
    return;
  }
  for (auto& [tid, delayed] : std::exchange(delayed_, {})) {
    Tracee* const tracee = tracees_.find(tid);
    if (tracee != nullptr && is_letting_go()) {
      let_go_of(*tracee, std::move(delayed.stopped), 0);
    } else {
      std::move(delayed.stopped).resume(Until::NextEvent);
    }
  }
  kernel_->wake_every(0);
}

void Tracer::forget_delayed(base::HostTid tid) {
  if (auto node = delayed_.extract(tid); !node.empty()) {
    std::move(node.mapped().stopped).forget();  // killed while it waited
  }
}

}  // namespace boxtrace::ptrace
