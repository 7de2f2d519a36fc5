#pragma once
// How a step ends inside the child. The child shares nothing with boxrun but a socket, so a refusal
// has to become text before it travels; it is formatted into a fixed buffer, because the child may
// be short of memory (that may be the very reason).

#include <array>
#include <cstdarg>
#include <cstdint>

namespace boxrun::steps {

class [[nodiscard]] Outcome {
 public:
  [[nodiscard]] static Outcome done() { return Outcome{}; }

  /// `format` gives the call with its arguments: `mount("proc", "<rootfs>/proc", ...)`.
  [[nodiscard]] static Outcome refused(int err, const char* format, ...)
      __attribute__((format(printf, 2, 3)));

  /// What the user can do. Later calls replace earlier ones.
  Outcome& hint(const char* format, ...) __attribute__((format(printf, 2, 3)));
  /// Which of several settings that the step realises; see Message::entry.
  Outcome& at_entry(int entry) {
    entry_ = entry;
    return *this;
  }

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] int err() const { return err_; }
  [[nodiscard]] int entry() const { return entry_; }
  [[nodiscard]] const char* call() const { return call_.data(); }
  [[nodiscard]] const char* hint_text() const { return hint_.data(); }

 private:
  bool failed_ = false;
  int err_ = 0;
  int entry_ = -1;
  std::array<char, 512> call_{};
  std::array<char, 384> hint_{};
};

}  // namespace boxrun::steps

/// Returns from a step when `expression`, an Outcome, has failed.
#define STEP_OK(expression)           \
  do {                                \
    auto step_outcome = (expression); \
    if (step_outcome.failed()) {      \
      return step_outcome;            \
    }                                 \
  } while (false)
