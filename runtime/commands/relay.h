#pragma once
// Between the terminal that a person sits at and the container's.
//
// Two line disciplines are in the way of every key and every letter, and each must do its part only
// once. Keys: the person's terminal becomes raw, so that echo, line editing and Ctrl-C happen in
// the container's. Letters: a program's "\n" becomes "\r\n" once; the person's terminal goes on
// doing it (OPOST stays), and the container's never does (ONLCR off), so that what boxrun writes to
// a file has plain line ends.
//
// Sources: termios(3), cfmakeraw(); ioctl_tty(2), TIOCGWINSZ.

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <array>
#include <optional>
#include <string>

#include "runtime/aliases.h"
#include "tracer/os/fd.h"

namespace boxrun::commands {

/// Of the first of our standard streams that is a terminal.
[[nodiscard]] std::optional<winsize> read_terminal_size();

/// What is left in a terminal that nobody writes to any more goes to `output`.
void copy_rest(os::BorrowedFd master, os::BorrowedFd output);

class Relay {
 public:
  explicit Relay(os::UniqueFd master);
  /// Leaves the person's terminal as it was.
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// What to wait for, with descriptors of -1 where nothing is, and how long at most.
  [[nodiscard]] std::array<pollfd, 2> wishes() const;
  [[nodiscard]] int patience_ms() const { return hung_up_ ? 100 : -1; }
  /// Carries over what the poll(2) of wishes() has found.
  void carry(const std::array<pollfd, 2>& found);
  /// The program has ended: carries over the rest of what it printed.
  void finish();
  /// The person's terminal has another size now (SIGWINCH).
  void copy_size();

 private:
  void read_input();
  void write_input();
  /// @returns false when there is nothing more for now
  bool copy_output();

  os::UniqueFd master_;
  std::optional<termios> before_;  ///< of the person's terminal
  bool input_open_ = true;
  /// Nobody inside holds the terminal just now. poll(2) would say so again at once and for ever,
  /// but a program may open it again: so it is looked at from time to time.
  bool hung_up_ = false;
  std::string pending_;  ///< read, but not taken by the container yet
};

}  // namespace boxrun::commands
