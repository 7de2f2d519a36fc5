#pragma once
// Result<T>: a value, or the reason why the world refused. It stands in for std::expected, which
// the toolchain of Debian 12 lacks in C++20 mode. Bad tracee data is not an error (it is a value,
// see tracer/raw/memory.h); a bug of ours is not an error either (tracer/base/check.h).

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "tracer/base/check.h"

namespace boxtrace::base {

/// Why something could not be done. Rendered as `what: reason (ERRNO)` and, if there is one, a line
/// `hint: ...` (see render_error in tracer/base/error_text.h).
struct Error {
  int err = 0;       ///< errno, or 0 when no system call refused
  std::string what;  ///< the call with its arguments, or the sentence that says what is wrong
  std::string hint;  ///< what the user can do; empty when nothing is known to help

  /// Puts a frame in front: `while joining namespaces: open("/proc/7/ns/net")`.
  [[nodiscard]] Error within(const std::string& frame) && {
    what = frame + ": " + what;
    return std::move(*this);
  }
};

/// A `T`, or an `Error`.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] const T& value() const& {
    BT_CHECK(ok(), "value() of a Result that holds an error");
    return *std::get_if<T>(&state_);
  }
  [[nodiscard]] T& value() & {
    BT_CHECK(ok(), "value() of a Result that holds an error");
    return *std::get_if<T>(&state_);
  }
  [[nodiscard]] T&& value() && {
    BT_CHECK(ok(), "value() of a Result that holds an error");
    return std::move(*std::get_if<T>(&state_));
  }
  [[nodiscard]] const Error& error() const& {
    BT_CHECK(!ok(), "error() of a Result that holds a value");
    return *std::get_if<Error>(&state_);
  }
  [[nodiscard]] Error&& error() && {
    BT_CHECK(!ok(), "error() of a Result that holds a value");
    return std::move(*std::get_if<Error>(&state_));
  }

  /// The same result, its error framed by `frame`.
  [[nodiscard]] Result within(const std::string& frame) && {
    if (ok()) {
      return std::move(*this);
    }
    return std::move(*std::get_if<Error>(&state_)).within(frame);
  }

 private:
  std::variant<T, Error> state_;
};

/// Success without a value, or an `Error`.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const& {
    BT_CHECK(error_.has_value(), "error() of a Result that succeeded");
    return *error_;
  }
  [[nodiscard]] Error&& error() && {
    BT_CHECK(error_.has_value(), "error() of a Result that succeeded");
    return std::move(*error_);
  }
  [[nodiscard]] Result within(const std::string& frame) && {
    if (ok()) {
      return {};
    }
    return std::move(*error_).within(frame);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace boxtrace::base

#define BT_CONCAT_INNER(a, b) a##b
#define BT_CONCAT(a, b) BT_CONCAT_INNER(a, b)

/// `TRY(auto fd, open_file(path));` declares `fd`, or returns the error from this function.
#define TRY(declaration, expression) \
  BT_TRY_IMPL(BT_CONCAT(bt_try_, __LINE__), declaration, expression)
#define BT_TRY_IMPL(temporary, declaration, expression) \
  auto temporary = (expression);                        \
  if (!temporary.ok()) {                                \
    return std::move(temporary).error();                \
  }                                                     \
  declaration = std::move(temporary).value()

/// `TRY_OK(write_file(path, text));` returns the error from this function, or goes on.
#define TRY_OK(expression)                 \
  do {                                     \
    auto bt_try_ok = (expression);         \
    if (!bt_try_ok.ok()) {                 \
      return std::move(bt_try_ok).error(); \
    }                                      \
  } while (false)
