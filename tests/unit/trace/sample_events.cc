#include "tests/unit/trace/sample_events.h"

#include <cstdint>
#include <limits>

#include "tracer/base/bytes.h"
#include "tracer/trace/writer.h"

namespace boxtrace::trace::samples {
namespace {

constexpr std::uint64_t kAllBits = std::numeric_limits<std::uint64_t>::max();
const std::string kNotUtf8 = "/tmp/\xff\xfe\x80name";

raw::Header header() {
  raw::Header header;
  header.tool_version = "0.1.0";
  header.kernel = "6.18.0";
  header.arch = "x86_64";
  header.cgroup = "hybrid";
  header.wall_time = "2026-11-21T23:28:31Z";
  header.command = {"runc", "run", kNotUtf8, "\"quoted\" \\ \n\t\x01\x7f", "d\u00fcnn"};
  header.string_limit = 256;
  header.host.own = {{{1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}}};
  header.host.pid_for_children = {9};
  header.host.time_for_children = {4026531834};
  header.host_caps = 0x1fffeffffff;
  return header;
}

raw::TaskStarted launched() {
  raw::TaskStarted started;
  started.cause = raw::TaskStarted::Cause::Launched;
  started.tid = {100};
  started.pid = {100};
  started.leader = {1};
  return started;
}

raw::TaskStarted thread() {
  raw::TaskStarted started;
  started.tid = {101};
  started.pid = {100};
  started.leader = {1};
  started.creator = base::TaskId{1};
  started.by = raw::CallNumber{raw::Abi::X32, 435};
  started.flags = 0xffffffffffffff00;
  started.stack = raw::Stack{};
  return started;
}

raw::Syscall mount_call() {
  raw::Syscall call;
  call.call.nr = 165;
  call.call.args = {0x1000, 0x2000, 0x3000, 0, 0, kAllBits};
  call.call.instruction_pointer = 0x7fffffffffff;
  call.call.stack_pointer = kAllBits;
  call.outcome = {raw::Outcome::Kind::Returned, 0};
  call.entered = {900};
  call.in.pieces = {
      {{0x1000}, base::to_bytes(std::string("proc\0", 5)), std::nullopt},
      {{0x2000}, base::to_bytes(std::string("/tmp/\xff\xfe\0", 8)), std::nullopt},
      {{0x3000}, base::to_bytes("tmp"), raw::Unreadable::Fault},
  };
  call.fds = {{{3}, kNotUtf8}, {{-100}, "/", "dev 1:2"}};
  return call;
}

raw::Stack full_stack() {
  raw::Frame inlined;
  inlined.kind = raw::Frame::Kind::Go;
  inlined.pc = {0x402000};
  inlined.module = kNotUtf8;
  inlined.offset = kAllBits;
  inlined.function = "main.(*T).f[...]";
  inlined.file = "/go/src/\xff.go";
  inlined.line = std::numeric_limits<std::uint32_t>::max();
  inlined.inlined = true;
  raw::Frame native;
  native.kind = raw::Frame::Kind::C;
  native.pc = {kAllBits};
  native.module = "[vdso]";
  native.build_id = "00ff";
  native.function = "operator\"\" _x\n";
  native.function_offset = kAllBits;
  raw::Frame unknown;
  unknown.guessed = true;
  return {raw::Stack::Entry::Int80, {inlined, native, unknown}, raw::Stack::End::Limit};
}

raw::CallSite full_site() {
  raw::CallSite site;
  site.code_at = {0x401fd0};
  site.code = base::to_bytes(std::string("\xb8\0\x0f\x05", 4));
  site.registers.values.fill(kAllBits);
  site.registers.is_32bit = true;
  return site;
}

raw::Syscall unshare_failed() {
  raw::Syscall call;
  call.stack = full_stack();
  call.site = full_site();
  call.call.nr = 272;
  call.call.args = {0x6c020000, 0, 0, 0, 0, 0};
  call.outcome = {raw::Outcome::Kind::Failed, 1};
  call.entered = {std::numeric_limits<std::int64_t>::min()};
  return call;
}

raw::Syscall clone_with_child() {
  raw::Syscall call;
  call.call.abi = raw::Abi::I386;
  call.call.nr = 120;
  call.call.args = {0x11, 0, 0, 0, 0, 0};
  call.outcome = {raw::Outcome::Kind::Returned, 4711};
  call.child = base::TaskId{3};
  call.injected = true;
  call.out.pieces = {{{0x10}, base::to_bytes(std::string("\0\0\x01\xff", 4)), std::nullopt},
                     {{0x20}, {}, raw::Unreadable::Gone},
                     {{0x30}, {}, raw::Unreadable::NotDumpable},
                     {{0x40}, {}, raw::Unreadable::NotCaptured}};
  return call;
}

raw::Syscall of_outcome(raw::Outcome outcome, std::uint64_t nr, raw::Abi abi) {
  raw::Syscall call;
  call.call.nr = nr;
  call.call.abi = abi;
  call.outcome = outcome;
  return call;
}

raw::Observation full_observation() {
  raw::Observation seen;
  seen.at = raw::Observation::At::Exec;
  seen.ns = raw::NsLinks{};
  seen.ns->own[3] = {4026532254};
  raw::Status status;
  status.comm = "a\nb\xff";
  status.ns_tgid = {{100}, {1}};
  status.ns_pid = {{101}, {2}};
  status.uid = {0, 1000, 4294967295U, 65534};
  status.gid = {1, 2, 3, 4};
  status.groups = {4294967294U};
  status.cap_inh = kAllBits;
  status.cap_eff = 0x20000420;
  status.no_new_privs = true;
  status.seccomp_mode = 2;
  status.seccomp_filters = 1;
  seen.status = status;
  seen.uid_map = {{0, 1000, 1}, {1, 100000, kAllBits}};
  seen.gid_map.emplace();
  seen.exe = kNotUtf8;
  seen.argv = {"dockerd", "", kNotUtf8};
  seen.cgroup = {"4:memory:/a", "0::/"};
  seen.root = "/";
  seen.cwd = kNotUtf8;
  seen.fds = std::vector<raw::FdTarget>{{{0}, "pipe:[1]"}};
  base::MountInfo mount;
  mount.id = 60;
  mount.parent = 59;
  mount.device = "0:5";
  mount.root = "/";
  mount.target = "/pr oc";
  mount.options = "rw,nosuid";
  mount.propagation = "master:2";
  mount.fstype = "proc";
  mount.source = "proc";
  mount.super_options = "rw";
  seen.mounts = {mount};
  seen.limits.emplace();
  seen.limits->emplace("Max open files", "1024:4096");
  seen.oom_score_adj = -999;
  seen.hostname = "runc";
  seen.grants = raw::FilePrivilege{04755, 0, 4294967295, 0x2000, true, false};
  return seen;
}

raw::Observation empty_observation() {
  raw::Observation seen;
  seen.at = raw::Observation::At::Call;
  seen.fds.emplace();
  seen.mounts.emplace();
  seen.hostname = "";
  return seen;
}

}  // namespace

std::vector<raw::Event> all_kinds() {
  using Kind = raw::Outcome::Kind;
  const std::vector<std::pair<std::uint32_t, decltype(raw::Event::body)>> bodies = {
      {0, header()},
      {1, launched()},
      {1, raw::TaskExeced{{100}, kNotUtf8}},
      {1, full_observation()},
      {2, thread()},
      {2, mount_call()},
      {2, unshare_failed()},
      {1, clone_with_child()},
      {1, of_outcome({Kind::Restarting, 512}, 0, raw::Abi::X86_64)},
      {1, of_outcome({Kind::NoReturn, 0}, 231, raw::Abi::X86_64)},
      {1, of_outcome({Kind::Unknown, 0}, 7777, raw::Abi::Unknown)},
      {1, of_outcome({Kind::Returned, std::numeric_limits<std::int64_t>::min()}, kAllBits,
                     raw::Abi::X32)},
      {1, of_outcome({Kind::Returned, std::numeric_limits<std::int64_t>::max()}, 9,
                     raw::Abi::Aarch64)},
      {2, raw::Signal{11, -6, base::HostPid{100}, false, base::to_bytes("\x0b")}},
      {2, raw::Signal{64, 0, std::nullopt, true, {}}},
      {0, raw::Gap{"an event was lost"}},
      {1, empty_observation()},
      {2, raw::TaskExited{raw::TaskExited::Cause::Superseded, 0, false}},
      {1, raw::TaskExited{raw::TaskExited::Cause::Signal, 11, true}},
      {0, raw::End{139, kAllBits, 2}},
  };
  std::vector<raw::Event> events;
  for (const auto& [task, body] : bodies) {
    raw::Event event;
    event.seq = {events.size()};
    event.time = {static_cast<std::int64_t>(events.size()) * 1000};
    event.task = {task};
    event.body = body;
    events.push_back(event);
  }
  return events;
}

std::vector<std::string> lines_of(const std::vector<raw::Event>& events) {
  TraceWriter writer;
  std::vector<std::string> lines;
  for (const raw::Event& event : events) {
    lines.push_back(writer.render_line(event));
  }
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) {
    all += line;
  }
  return all;
}

}  // namespace boxtrace::trace::samples
