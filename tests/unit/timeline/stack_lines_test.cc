#include "tracer/sinks/stack_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace boxtrace::sinks {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

raw::Frame go(const std::string& function, const std::string& file, std::uint32_t line) {
  raw::Frame frame;
  frame.kind = raw::Frame::Kind::Go;
  frame.module = "/usr/bin/runc";
  frame.function = function;
  frame.file = file;
  frame.line = line;
  return frame;
}

raw::Frame native(const std::string& module, std::uint64_t offset, const std::string& function) {
  raw::Frame frame;
  frame.kind = raw::Frame::Kind::C;
  frame.pc = {0x7f0000000000 + offset};
  frame.module = module;
  frame.offset = offset;
  frame.function = function;
  return frame;
}

raw::Stack mixed() {
  raw::Stack stack;
  stack.entry = raw::Stack::Entry::Syscall;
  stack.end = raw::Stack::End::Bottom;
  stack.frames = {go("syscall.Syscall6", "/go/src/syscall/asm.s", 36),
                  go("github.com/a/vendor/golang.org/x/sys/unix.mount", "z.go", 413),
                  go("golang.org/x/sys/unix.Mount", "/m/syscall_linux.go", 1763),
                  go("github.com/o/runc/libcontainer.Do[github.com/o/t.T]", "/m/do.go", 7),
                  native("/usr/lib/libc.so.6", 0x2724a, "nsexec"),
                  native("/usr/bin/crun", 0x81, "")};
  return stack;
}

TextOptions at(TextOptions::Zoom zoom) {
  TextOptions options;
  options.zoom = zoom;
  return options;
}

TEST(StackLines, OfAStoryBeginWithTheNameOfTheCall) {
  EXPECT_EQ(StackLines(at(TextOptions::Zoom::Story)).render(mixed(), 2),
            "  unix.Mount  syscall_linux.go:1763\n"
            "  libcontainer.Do[github.com/o/t.T]  do.go:7\n"
            "  nsexec  libc.so.6+0x2724a\n"
            "  crun+0x81\n");
}

TEST(StackLines, AreBoundedInAStoryAndAllThereOtherwise) {
  raw::Stack stack;
  stack.end = raw::Stack::End::Lost;
  for (unsigned i = 0; i < 20; ++i) {
    stack.frames.push_back(native("/bin/x", i, "f" + std::to_string(i)));
  }
  stack.frames.back().guessed = true;
  const std::string story = StackLines(at(TextOptions::Zoom::Story)).render(stack, 0);
  EXPECT_THAT(story, HasSubstr("f5  x+0x5\n\u2026 14 more, up to f19\n"));
  EXPECT_THAT(story, HasSubstr("\u2026 nothing says where this was called from\n"));
  EXPECT_THAT(story, Not(HasSubstr("f6  ")));
  const std::string calls = StackLines(at(TextOptions::Zoom::Calls)).render(stack, 0);
  EXPECT_THAT(calls, HasSubstr("f19+0x0  /bin/x+0x13  [0x7f0000000013]  (a guess)\n"));
}

TEST(StackLines, EscapeWhatABinarySays) {
  raw::Stack stack;
  stack.frames = {native("/tmp/\x1b[2J", 1, "evil\x1b]0;name\x07\n")};
  for (const auto zoom : {TextOptions::Zoom::Story, TextOptions::Zoom::Calls}) {
    const std::string text = StackLines(at(zoom)).render(stack, 0);
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, Not(HasSubstr("\x07")));
  }
}

TEST(StackLines, SayWhenTheKernelWasEnteredInAnUnusualWay) {
  raw::Stack stack = mixed();
  stack.entry = raw::Stack::Entry::Int80;
  EXPECT_THAT(StackLines(at(TextOptions::Zoom::Story)).render(stack, 0),
              HasSubstr("entered by int 0x80\n"));
}

TEST(StackLines, ShowTheCodeOfTheCallAndTheRegisters) {
  raw::CallSite site;
  site.code_at = {0x1000};
  site.code = base::to_bytes(std::string("\xb8\x9b\0\0\0\x0f\x05\xc3", 8));
  site.registers[raw::Registers::kRip] = 0x1007;
  site.registers[raw::Registers::kRax] = 0x9b;
  TextOptions options = at(TextOptions::Zoom::Story);
  EXPECT_EQ(StackLines(options).render(site, 0),
            "  0x000000001000  mov eax, 0x9b\n"
            "\u2192 0x000000001005  syscall\n"
            "      rax=0x9b rdi=0x0 rsi=0x0 rdx=0x0\n"
            "      r10=0x0 r8=0x0 r9=0x0\n"
            "  0x000000001007  ret\n");
  options.stable = true;
  options.ascii = true;
  EXPECT_EQ(StackLines(options).render(site, 0), "  mov eax, 0x9b\n-> syscall\n  ret\n");
}

}  // namespace
}  // namespace boxtrace::sinks
