#pragma once
// A message bus with a systemd behind it, as far as boxrun talks to one: it makes scopes, moves
// processes, sends signals, and refuses what the real one refuses. One connection at a time.

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "runtime/dbus/message.h"

namespace boxrun::tests {

class FakeSystemd {
 public:
  /// What becomes of jobs, or of the connection.
  enum class Mood { Well, JobsFail, JobsHang, HangsUp, TalksNonsense, LetsNobodyIn };

  /// @param path  the socket; the system's bus for this process and those that it starts
  explicit FakeSystemd(std::string path, Mood mood = Mood::Well);
  ~FakeSystemd();
  FakeSystemd(const FakeSystemd&) = delete;
  FakeSystemd& operator=(const FakeSystemd&) = delete;

  struct Unit {
    std::map<std::string, std::string> properties;  ///< as text
    std::string cgroup;
    bool failed = false;
  };
  // Look at these only when nobody talks to it.
  std::map<std::string, Unit> units;
  std::vector<std::string> calls;  ///< `StartTransientUnit NAME`
  Mood mood;

 private:
  void serve();
  void serve_one(int connection);
  [[nodiscard]] bool authenticate(int connection);
  [[nodiscard]] bool receive(int connection, std::size_t size);
  [[nodiscard]] dbus::Message answer(const dbus::Message& call);
  [[nodiscard]] dbus::Message start_unit(const dbus::Message& call);
  [[nodiscard]] dbus::Message stop_unit(const dbus::Message& call);
  [[nodiscard]] std::string read_properties(const dbus::Value& pairs, bool at_start, Unit& unit);
  void send(int connection, dbus::Message message);

  std::string path_;
  int listener_ = -1;
  std::atomic<bool> ends_ = false;
  std::string received_;
  bool greeted_ = false;
  bool subscribed_ = false;
  std::uint32_t serial_ = 0;
  std::vector<dbus::Message> signals_;  ///< to be sent after the answer
  std::vector<std::string> slices_;     ///< directories made for them
  std::thread thread_;
};

}  // namespace boxrun::tests
