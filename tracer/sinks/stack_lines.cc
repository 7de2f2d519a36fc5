#include "tracer/sinks/stack_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "tracer/base/text.h"
#include "tracer/sinks/layout.h"

namespace boxtrace::sinks {
namespace {

constexpr std::size_t kStoryFrames = 6;
constexpr std::size_t kInstructionsBefore = 4;
constexpr std::size_t kInstructionsAfter = 1;

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string module_text(const raw::Frame& frame, bool full) {
  // A runtime that runs from a detached copy of itself has no path but `/`.
  const std::string_view name =
      full || base_name(frame.module).empty() ? frame.module : base_name(frame.module);
  return name.empty() ? base::to_hex(frame.pc.value)
                      : base::printable(name) + "+" + base::to_hex(frame.offset);
}

/// What has the registers of a system call, in the order of its arguments.
/// Source: syscall(2), "Architecture calling conventions".
std::vector<std::string> registers_lines(const raw::Registers& registers) {
  using R = raw::Registers;
  using Named = std::pair<R::Number, std::string_view>;
  constexpr std::array<Named, 7> kWide = {{{R::kRax, "rax"},
                                           {R::kRdi, "rdi"},
                                           {R::kRsi, "rsi"},
                                           {R::kRdx, "rdx"},
                                           {R::kR10, "r10"},
                                           {R::kR8, "r8"},
                                           {R::kR9, "r9"}}};
  constexpr std::array<Named, 7> kNarrow = {{{R::kRax, "eax"},
                                             {R::kRbx, "ebx"},
                                             {R::kRcx, "ecx"},
                                             {R::kRdx, "edx"},
                                             {R::kRsi, "esi"},
                                             {R::kRdi, "edi"},
                                             {R::kRbp, "ebp"}}};
  constexpr std::size_t kFirstLine = 4;
  std::vector<std::string> lines(2);
  for (std::size_t i = 0; i < kWide.size(); ++i) {
    const auto& [number, name] = registers.is_32bit ? kNarrow.at(i) : kWide.at(i);
    std::string& words = lines[i < kFirstLine ? 0 : 1];
    words += fmt::format("{}{}={:#x}", words.empty() ? "" : " ", name, registers[number]);
  }
  return lines;
}

bool is_plumbing(const raw::Frame& frame) {
  constexpr std::array<std::string_view, 4> kPackages = {"syscall.", "internal/runtime/syscall.",
                                                         "runtime/internal/syscall.",
                                                         "golang.org/x/sys/unix."};
  // A package that a program brings along stands below a folder of that program.
  const std::string_view name = frame.function;
  const std::size_t vendored = name.rfind("/vendor/");
  const std::string_view own =
      vendored == std::string_view::npos ? name : name.substr(vendored + 8);
  return frame.kind == raw::Frame::Kind::Go &&
         std::any_of(kPackages.begin(), kPackages.end(),
                     [&](std::string_view package) { return own.starts_with(package); });
}

/// How many innermost frames say nothing: Go's ways to make a call, below the one that names it.
std::size_t plumbing(const std::vector<raw::Frame>& frames) {
  const auto first = std::find_if_not(frames.begin(), frames.end(), is_plumbing);
  return first == frames.begin() ? 0 : static_cast<std::size_t>(first - frames.begin()) - 1;
}

}  // namespace

std::string short_function(const raw::Frame& frame) {
  if (frame.function.empty()) {
    return module_text(frame, false);
  }
  if (frame.kind != raw::Frame::Kind::Go) {
    return base::printable(frame.function);
  }
  // Type arguments in brackets have folders of their own.
  const std::size_t brackets = std::min(frame.function.find('['), frame.function.size());
  const std::size_t folder = frame.function.rfind('/', brackets);
  return base::printable(
      std::string_view(frame.function).substr(folder == std::string::npos ? 0 : folder + 1));
}

std::string StackLines::frame_text(const raw::Frame& frame) const {
  const bool full = options_.zoom == TextOptions::Zoom::Calls;
  std::string text =
      full && !frame.function.empty() ? base::printable(frame.function) : short_function(frame);
  if (full && !frame.function.empty() && !frame.inlined) {
    text += "+" + base::to_hex(frame.function_offset);
  }
  if (!frame.file.empty()) {
    text += fmt::format("  {}:{}", base::printable(full ? frame.file : base_name(frame.file)),
                        frame.line);
  }
  if (!frame.function.empty() && (full || frame.kind != raw::Frame::Kind::Go)) {
    text += "  " + module_text(frame, full);
  }
  if (full && !options_.stable) {
    text += fmt::format("  [{:#x}]", frame.pc.value);
  }
  text += frame.inlined ? "  (inlined)" : "";
  text += frame.guessed ? "  (a guess)" : "";
  return text;
}

std::string StackLines::line(std::string text, std::size_t indent) const {
  if (options_.zoom != TextOptions::Zoom::Calls && options_.width > indent + 20) {
    text = base::clip(text, options_.width - indent);
  }
  if (options_.ascii) {
    text = to_ascii(text);
  }
  return std::string(indent, ' ') + paint(text, timeline::Piece::Kind::Faint, options_) + "\n";
}

std::string StackLines::render(const raw::Stack& stack, std::size_t indent) const {
  const bool full = options_.zoom == TextOptions::Zoom::Calls;
  const std::size_t first = full ? 0 : plumbing(stack.frames);
  const std::size_t count = stack.frames.size() - first;
  // A line that stands for one frame only could as well be that frame.
  const std::size_t shown = full || count <= kStoryFrames + 1 ? count : kStoryFrames;
  std::string out;
  for (std::size_t i = 0; i < shown; ++i) {
    out += line(frame_text(stack.frames[first + i]), indent);
  }
  if (shown < count) {
    out += line(
        fmt::format("\u2026 {} more, up to {}", count - shown, short_function(stack.frames.back())),
        indent);
  }
  if (stack.end == raw::Stack::End::Lost) {
    out += line("\u2026 nothing says where this was called from", indent);
  } else if (stack.end == raw::Stack::End::Limit) {
    out += line("\u2026 and further, beyond what is kept", indent);
  }
  if (stack.entry != raw::Stack::Entry::Syscall && stack.entry != raw::Stack::Entry::Unknown) {
    out += line(fmt::format("entered by {}", stacks::entry_name(stack.entry)), indent);
  }
  return out;
}

std::string StackLines::render(const raw::CallSite& site, std::size_t indent) const {
  if (const auto loaded = stacks::Disassembler::load(); !loaded.ok()) {
    return line(loaded.error().what, indent);
  }
  std::string out;
  for (const stacks::Instruction& one :
       disassembler_.around(site, kInstructionsBefore, kInstructionsAfter)) {
    std::string text =
        options_.stable ? one.text : fmt::format("{:#014x}  {}", one.address, one.text);
    out += line((one.is_entry ? "\u2192 " : "  ") + text, indent);
    if (one.is_entry && !options_.stable) {
      for (const std::string& registers : registers_lines(site.registers)) {
        out += line("      " + registers, indent);
      }
    }
  }
  return out;
}

}  // namespace boxtrace::sinks
