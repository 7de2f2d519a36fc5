// The part of the engine that is about tasks which stop where chosen calls return, and run by at
// their entries. See return_stops.h.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "decoders/call_set.h"
#include "decoders/registry.h"
#include "tracer/base/procfs_text.h"
#include "tracer/ptrace/call_in_progress.h"
#include "tracer/ptrace/return_programs.h"
#include "tracer/ptrace/tracee_memory.h"
#include "tracer/ptrace/tracer.h"
#include "tracer/stacks/byte_source.h"
#include "tracer/stacks/elf_image.h"

namespace boxtrace::ptrace {
namespace {

/// The first page of a file, which is also what is mapped at the base of a program.
class FirstPage final : public stacks::ByteSource {
 public:
  explicit FirstPage(int file) {
    const ssize_t got = ::pread(file, bytes_.data(), bytes_.size(), 0);
    size_ = got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  std::size_t read(std::uint64_t at, std::span<std::byte> into) const override {
    if (at >= size_) {
      return 0;
    }
    const std::size_t count = std::min(into.size(), size_ - static_cast<std::size_t>(at));
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at), count, into.begin());
    return count;
  }

 private:
  std::array<std::byte, 4096> bytes_{};
  std::size_t size_ = 0;
};

bool is_go_program(const Observer& observer, base::HostTid tid) {
  const auto file = observer.open_file(tid, "exe");
  const auto image = file ? stacks::read_elf_image(FirstPage{file->get()}, 0) : std::nullopt;
  return image && image->has_go_note;
}

bool has_changed_status(const ReturnedCall& returned) {
  const decoders::SyscallSpec* const spec =
      decoders::find_syscall(returned.call.abi, returned.call.nr);
  return returned.result >= 0 && spec != nullptr &&
         (decoders::observe_after(*spec, returned.call) & decoders::kObserveStatus) != 0;
}

}  // namespace

bool Tracer::blocks_return_signal(const Tracee& tracee) const {
  std::optional<std::uint64_t> mask = kernel_->signal_mask(tracee.tid);
  if (!mask) {  // it runs
    const auto status = observer_->text_of(tracee.tid, "status");
    const auto text = status ? base::parse_status_field(*status, "SigBlk") : std::nullopt;
    mask = text ? base::parse_hex_mask(*text) : std::nullopt;
  }
  return (mask.value_or(0) >> (kReturnSignal - 1) & 1) != 0;
}

bool Tracer::can_stop_at_returns(const Tracee& tracee) const {
  return return_stops_ != nullptr && !tracee.records_all && is_go_program(*observer_, tracee.tid);
}

void Tracer::choose_first_depth(Tracee& tracee) {
  // A child of Go blocks all signals at first, sets their actions to the default one by one, and
  // only then, with the signals let through again, does what it was made for.
  if (tracee.depth == Depth::Full && tracee.creator_stops_at_returns) {
    set_depth(tracee, Depth::Returns, false);
  }
}

bool Tracer::on_return(Tracee& tracee, const StopKind& stop) {
  if (!tracee.stops_at_returns) {
    return false;
  }
  if (const std::uint64_t unseen = return_stops_->take_unseen(tracee.tid); unseen != 0) {
    emitter_->emit(
        tracee.id, now_,
        raw::Gap{fmt::format("{} calls that returned while this thread blocked signals", unseen)});
  }
  if (const std::uint64_t births = return_stops_->births(tracee.tid); births > tracee.births) {
    tracee.births = births;
    emitter_->emit(tracee.id, now_,
                   raw::Gap{"a task that this thread has made with CLONE_UNTRACED: it and all that "
                            "it makes are missing from this trace"});
  }
  const auto* const exit = std::get_if<ExitStop>(&stop);
  const bool is_fatal =
      exit != nullptr && exit->status.was_killed() && exit->status.kill_signal() == SIGSYS;
  const auto returned = return_stops_->take(tracee.tid);
  if (!returned) {
    if (is_fatal && !tracee.was_sent_sigsys) {
      // SECCOMP_RET_KILL_THREAD, of one of several: it does not get as far as to return.
      tracee.call = call_in_progress(*kernel_, *observer_, tracee.tid, options_);
    }
    return false;
  }
  if (returned->call.nr != tracee.last_call) {
    if (has_changed_status(*returned)) {
      tracee.unobserved = 0;  // its own observation tells of both
    } else {
      observe_unobserved(tracee);
    }
  }
  const TraceeMemory live{*kernel_, tracee.tid};
  if (is_fatal && returned->result == static_cast<std::int64_t>(returned->call.nr)) {
    tracee.call = returned_call(tracee, *returned, live);  // and so it ends
    return true;
  }
  tracee.awaits_return_signal = true;
  report_returned(tracee, *returned, live);
  return true;
}

CallInFlight Tracer::returned_call(const Tracee& tracee, const ReturnedCall& returned,
                                   const raw::Memory& memory) const {
  CallInFlight call;
  call.call = returned.call;
  call.entered = emitter_->since_start(returned.entered);
  look_at_arguments(tracee, call, memory);
  return call;
}

void Tracer::report_returned(Tracee& tracee, const ReturnedCall& returned,
                             const raw::Memory& memory) {
  if (tracee.depth == Depth::Light && is_left_out(tracee, returned.call)) {
    return;
  }
  tracee.call = returned_call(tracee, returned, memory);
  SyscallInfo info;
  info.result = returned.result;
  info.is_error = returned.result < 0 && returned.result >= -kLargestErrno;
  EndedCall ended = end_call(tracee, info, memory);
  if (ended.has_succeeded() && ended.call.is_filter_install_for_all()) {
    follow_filter_to_all_threads(tracee);
  }
  report(tracee, std::move(ended));
}

void Tracer::take_passed_calls() {
  if (return_stops_ == nullptr) {
    return;
  }
  for (const PassedCall& passed : return_stops_->take_passed()) {
    if (Tracee* const tracee = tracees_.find(passed.tid)) {
      now_ = emitter_->since_start(passed.returned.returned);
      report_returned(*tracee, passed.returned, raw::RecordedMemory{passed.memory});
    }
  }
}

}  // namespace boxtrace::ptrace
