#pragma once
// Where output goes: files that exist before the long run begins, and streams that may be a
// terminal.

#include <sys/types.h>

#include <string>
#include <string_view>

#include "tracer/base/result.h"
#include "tracer/os/fd.h"

namespace boxtrace::cli {

/// It begins with `|` or `!`, as in strace(1), and so names no file.
[[nodiscard]] bool names_command(std::string_view output);

/// A file or stream that text is appended to. The first failure is kept and ends the writing, so
/// that a full disk or a closed pipe does not disturb the tracee.
class Output {
 public:
  enum class Flush {
    Lines,   ///< each write goes out at once: for people
    Blocks,  ///< in large pieces: for files
  };

  /// Opens a file for writing. What it held stays until the first write, so that a run that never
  /// begins destroys nothing.
  ///
  /// @errors  as open(2), with a hint for `-`, which would mix with the command's own output.
  enum class Begin {
    Anew,   ///< what the file held is dropped at the first write
    AtEnd,  ///< it is kept, and written behind
  };
  [[nodiscard]] static base::Result<Output> create(const std::string& path,
                                                   Begin begin = Begin::Anew);
  /// The same, unless `name` is that of a shell command (see names_command()), whose standard input
  /// it is then, and which finish() waits for.
  ///
  /// @errors  as create(), pipe(2) and posix_spawn(3).
  [[nodiscard]] static base::Result<Output> open(const std::string& name,
                                                 Begin begin = Begin::Anew);
  /// A stream of ours: 1 or 2. Never closed.
  [[nodiscard]] static Output stream(int fd, Flush flush);

  void write(std::string_view text);
  /// Writes what is held back. Returns the first failure of all writes; a closed pipe (EPIPE) is
  /// not one: the reader has seen enough.
  [[nodiscard]] base::Result<void> finish();
  /// Nothing was written: removes the file if `create` made it.
  void discard();

 private:
  Output(os::UniqueFd owned, int fd, std::string name, Flush flush)
      : owned_(std::move(owned)), fd_(fd), name_(std::move(name)), flush_(flush) {}
  static base::Result<Output> to_command(const std::string& command);
  void flush();

  os::UniqueFd owned_;
  int fd_;
  std::string name_;
  Flush flush_;
  pid_t command_ = 0;   ///< what reads it, to be waited for
  bool keeps_ = false;  ///< what the file held before stays
  bool made_ = false;   ///< the file did not exist before
  bool begun_ = false;  ///< something was written
  bool failed_ = false;
  base::Result<void> failure_;
  std::string held_;
};

/// All outputs of a run.
class Outputs {
 public:
  Outputs() = default;
  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;
  Outputs(Outputs&&) = delete;
  Outputs& operator=(Outputs&&) = delete;
  virtual ~Outputs() = default;
  /// Output::finish() of each. False when one failed, which was then printed.
  [[nodiscard]] virtual bool finish() = 0;
  /// Output::discard() of each.
  virtual void discard() = 0;
};

/// When to colour.
enum class Color { Auto, Always, Never };

/// Whether the stream `fd` gets colours. Auto: it is a terminal that has them, and neither NO_COLOR
/// nor TERM=dumb is set; CLICOLOR_FORCE stands in for a terminal.
[[nodiscard]] bool wants_color(Color color, int fd);

/// The columns to lay text out for: 100, or those of the terminal at `fd` if it has fewer. Not
/// more, because a recorded trace is to look as the live run did.
[[nodiscard]] std::size_t columns_of(int fd);

/// Prints `boxtrace: what: reason` and its hint to standard error.
void print_error(const base::Error& error);
/// The same for what is no error.
void print_note(std::string_view note);

}  // namespace boxtrace::cli
