#include "tracer/timeline/analysis.h"

#include <algorithm>
#include <map>

#include "tracer/model/filter_answer.h"
#include "tracer/timeline/relevance.h"
#include "tracer/timeline/story_calls.h"
#include "tracer/timeline/summary.h"
#include "tracer/timeline/teller.h"

namespace boxtrace::timeline {
namespace {

std::size_t count_contained(const std::string& strip) {
  return static_cast<std::size_t>(
      std::count_if(strip.begin(), strip.end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
}

// The source of a mount is a path only for a bind or a move; for others it is a name that shows up
// in mountinfo. Source: mount(2).
bool is_only_a_label(const raw::Syscall& syscall, const decoders::DecodedCall& call,
                     std::string_view arg) {
  constexpr std::uint64_t kBindOrMove = 4096 | 8192;  // linux/mount.h
  constexpr std::uint64_t kRemount = 32;
  const std::uint64_t flags = syscall.call.args[3];
  return call.name == "mount" && arg == "source" &&
         ((flags & kBindOrMove) == 0 || (flags & kRemount) != 0);
}

bool is_told(const raw::Syscall& syscall, const decoders::DecodedCall& call) {
  return call.spec != nullptr && story_calls().contains(*call.spec, syscall.call);
}

}  // namespace

struct Analysis::State {
  State()
      : teller(
            model,
            [this](const Item& item) {
              for (Listener* listener : listeners) {
                listener->on_item(item);
              }
            },
            [this](const Milestone& milestone) {
              milestones.push_back(milestone);
              for (Listener* listener : listeners) {
                listener->on_milestone(milestone);
              }
            }) {}

  [[nodiscard]] std::vector<ResolvedPath> resolve(const raw::Event& event,
                                                  const decoders::DecodedCall& call) const;
  void count(const raw::Event& event, bool relevant);
  void note_exec(const raw::Event& event, const std::vector<model::Fact>& facts);
  void take_final_exec(const raw::Event& event);

  model::Model model;
  Teller teller;
  std::vector<Listener*> listeners;
  std::vector<Milestone> milestones;
  decoders::Options options;
  Totals totals;
  std::map<base::TaskId, base::Seq> last_exec;  // seq of the newest TaskExeced
  std::optional<model::ExecState> final_exec;
  std::size_t final_rank = 0;  // namespaces other than the host's; 0: not a container's
  std::optional<base::TaskId> launched;
  bool finished = false;
};

Analysis::Analysis() : state_(std::make_unique<State>()) {}
Analysis::~Analysis() = default;

void Analysis::add_listener(Listener& listener) { state_->listeners.push_back(&listener); }

const std::vector<Milestone>& Analysis::milestones() const { return state_->milestones; }
const model::Model& Analysis::model() const { return state_->model; }
const std::optional<model::ExecState>& Analysis::final_exec() const { return state_->final_exec; }

void Analysis::on_event(const raw::Event& event) {
  const auto* syscall = std::get_if<raw::Syscall>(&event.body);
  const model::Task* task = syscall == nullptr ? nullptr : state_->model.task(event.task);
  if (task == nullptr || syscall->outcome.kind != raw::Outcome::Kind::Returned ||
      !model::find_stop(*task, *syscall)) {
    understand(event);
    return;
  }
  // Nobody is to take for a result what the kernel has put into its register.
  raw::Event corrected = event;
  std::get<raw::Syscall>(corrected.body).outcome = {raw::Outcome::Kind::NoReturn, 0};
  understand(corrected);
}

void Analysis::understand(const raw::Event& event) {
  State& state = *state_;
  if (const auto* header = std::get_if<raw::Header>(&event.body)) {
    state.options.string_limit =
        header->string_limit != 0 ? header->string_limit : state.options.string_limit;
    state.options.env_values = header->env_values;
  }
  const auto* syscall = std::get_if<raw::Syscall>(&event.body);
  std::optional<decoders::DecodedCall> call;
  std::vector<ResolvedPath> paths;
  if (syscall != nullptr) {
    call = decoders::decode(*syscall, state.options);
    paths = state.resolve(event, *call);
  }
  const decoders::DecodedCall* shown = call ? &*call : nullptr;
  const model::Task* task = state.model.task(event.task);
  const bool has_task = task != nullptr;
  // Whatever call it is: that a filter of its own refuses it concerns the container.
  const bool refused =
      has_task && syscall != nullptr && model::find_denial(*task, *syscall).has_value();
  const decoders::DecodedCall* told =
      shown != nullptr && (refused || is_told(*syscall, *shown)) ? shown : nullptr;
  const std::string before = has_task ? state.model.strip(event.task) : std::string{};
  const std::vector<model::Fact> facts = state.model.apply(event, told);
  const std::string after =
      state.model.task(event.task) != nullptr ? state.model.strip(event.task) : std::string{};
  const bool relevant = refused || is_relevant(event, told, facts);
  state.count(event, relevant);
  Step step{event, syscall, shown, facts, state.model, paths, relevant, before, after};
  for (Listener* listener : state.listeners) {
    listener->on_step(step);
  }
  step.call = told;
  if (std::holds_alternative<raw::TaskExeced>(event.body)) {
    state.teller.settle(event.task);  // what it did as the program it was
  }
  state.note_exec(event, facts);
  state.teller.step(step);
  state.take_final_exec(event);
  if (std::holds_alternative<raw::End>(event.body)) {
    finish();
  }
}

bool Analysis::wants_entries() const {
  return std::any_of(state_->listeners.begin(), state_->listeners.end(),
                     [](const Listener* listener) { return listener->wants_entries(); });
}

void Analysis::on_entry(const raw::Event& entry) {
  const auto& syscall = std::get<raw::Syscall>(entry.body);
  const decoders::DecodedCall call =
      decoders::decode_entry(syscall.call, raw::RecordedMemory(syscall.in), state_->options);
  for (Listener* listener : state_->listeners) {
    if (listener->wants_entries()) {
      listener->on_entry({entry, syscall, call, state_->model});
    }
  }
}

void Analysis::finish() {
  State& state = *state_;
  if (state.finished) {
    return;
  }
  state.finished = true;
  state.teller.settle(std::nullopt);
  const bool contained = state.final_rank > 0;
  for (RichText& line : make_summary(contained ? state.final_exec : std::nullopt, state.totals)) {
    state.teller.summarise(std::move(line));
  }
  for (Listener* listener : state.listeners) {
    listener->on_end();
  }
}

std::vector<ResolvedPath> Analysis::State::resolve(const raw::Event& event,
                                                   const decoders::DecodedCall& call) const {
  std::vector<ResolvedPath> out;
  const auto* syscall = std::get_if<raw::Syscall>(&event.body);
  std::string_view dirfd;
  for (const decoders::Field& arg : call.args) {
    const auto* text = arg.value.as<decoders::Text>();
    if (arg.value.as<decoders::Fd>() != nullptr) {
      dirfd = arg.name;
      continue;
    }
    if (text != nullptr && text->kind == decoders::Text::Kind::Path &&
        !is_only_a_label(*syscall, call, arg.name)) {
      model::Path path = model.resolve(event.task, *syscall, call, arg.name, dirfd);
      if (!path.best().empty() && path.best() != path.given) {
        out.push_back({arg.name, std::move(path)});
      }
    }
    dirfd = {};
  }
  return out;
}

void Analysis::State::count(const raw::Event& event, bool relevant) {
  const auto add = [](std::size_t& into, bool one) { into += one ? 1U : 0U; };
  add(totals.relevant, relevant);
  add(totals.signals, std::holds_alternative<raw::Signal>(event.body));
  if (std::holds_alternative<raw::TaskStarted>(event.body)) {
    const model::Task* task = model.task(event.task);
    ++(task != nullptr && task->thread ? totals.threads : totals.processes);
    if (!launched) {
      launched = event.task;
    }
  }
}

void Analysis::State::note_exec(const raw::Event& event, const std::vector<model::Fact>& facts) {
  if (std::holds_alternative<raw::TaskExeced>(event.body)) {
    last_exec[event.task] = event.seq;
  }
  const bool execed = std::any_of(facts.begin(), facts.end(), [](const model::Fact& fact) {
    return std::holds_alternative<model::Execed>(fact);
  });
  if (execed && final_rank == 0 && model.process_of(event.task) != nullptr &&
      launched == event.task) {
    final_exec = model.exec_state(event.task);
    final_exec->seq = last_exec[event.task];
  }
}

void Analysis::State::take_final_exec(const raw::Event& event) {
  if (const std::optional<base::TaskId> task = teller.take_hand_over()) {
    const std::size_t rank = count_contained(model.strip(*task));
    if (rank > final_rank) {
      final_rank = rank;
      final_exec = model.exec_state(*task);
      final_exec->seq = last_exec[*task];
    }
    return;
  }
  // The observation of an exec may come after the call itself.
  const auto* seen = std::get_if<raw::Observation>(&event.body);
  if (seen != nullptr && seen->at == raw::Observation::At::Exec && final_exec &&
      final_exec->task == event.task && final_exec->seq == last_exec[event.task]) {
    const base::Seq seq = final_exec->seq;
    final_exec = model.exec_state(event.task);
    final_exec->seq = seq;
  }
}

}  // namespace boxtrace::timeline
