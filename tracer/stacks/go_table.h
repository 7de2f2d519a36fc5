#pragma once
// The table of functions and lines that the Go linker puts into every program, because the garbage
// collector and panics need it: stripping does not remove it, and it lies in readable memory.
//
// It begins with a header whose magic number says the version (runtime.pcHeader), and holds a
// sorted list of functions (runtime._func), each with a few tables that map its addresses to
// numbers: the size of the stack frame, the file, the line, the place in the tree of inlined calls.
// Nothing else in a Go program is needed to unwind: unlike C, a function's frame has a known size
// at each instruction.
//
// The traps. The addresses count from runtime.text, which is not the start of .text when C is
// linked in. In a position-independent program the linker hides the table inside .data.rel.ro
// without a section of its own, so it is found by its magic number. What is behind the last
// function is C.
//
// Source: golang/go src/internal/abi/symtab.go, src/runtime/symtab.go, src/debug/gosym/pclntab.go.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tracer/stacks/byte_source.h"

namespace boxtrace::stacks {

/// A source position in a Go program.
struct GoPosition {
  std::string function;
  std::string file;
  std::uint32_t line = 0;  ///< 0: not known
  bool inlined = false;    ///< into the one that follows
};

class GoTable {
 public:
  /// runtime.pcHeader.magic, and the Go versions that write it.
  enum class Version : std::uint32_t {
    Go116 = 0xfffffffa,  ///< 1.16, 1.17
    Go118 = 0xfffffff0,  ///< 1.18, 1.19
    Go120 = 0xfffffff1,  ///< 1.20 and later
  };

  struct Function {
    std::uint64_t entry = 0;   ///< address of its first instruction
    std::uint64_t record = 0;  ///< address of its runtime._func
  };

  /// The table whose header is at `at`; nothing when there is none. `bias` is what the loader added
  /// to the addresses in the program, for a header that it has not relocated (yet).
  [[nodiscard]] static std::optional<GoTable> parse(const ByteSource& memory, std::uint64_t at,
                                                    std::uint64_t bias);

  /// `[begin, end)` may hold a table anywhere. The first that parses.
  [[nodiscard]] static std::optional<GoTable> search(const ByteSource& memory, std::uint64_t begin,
                                                     std::uint64_t end, std::uint64_t bias);

  /// Finds the runtime.moduledata that belongs to this table in `[begin, end)`, where the program's
  /// variables are. Without it, calls that were inlined since Go 1.18 are not known.
  void find_module(const ByteSource& memory, std::uint64_t begin, std::uint64_t end);

  /// Addresses of all functions: `[text_begin(), text_end())`.
  [[nodiscard]] std::uint64_t text_begin() const { return first_pc_; }
  [[nodiscard]] std::uint64_t text_end() const { return end_pc_; }
  [[nodiscard]] std::uint64_t address() const { return header_; }
  [[nodiscard]] std::uint64_t module() const { return module_; }  ///< 0: not found
  [[nodiscard]] Version version() const { return version_; }

  [[nodiscard]] std::optional<Function> find(const ByteSource& memory, std::uint64_t pc) const;
  [[nodiscard]] std::string name(const ByteSource& memory, const Function& function) const;

  /// Bytes between the stack pointer and the return address, at `pc`. -8 in a function that has
  /// taken the return address off the stack, to keep it from the child of a vfork.
  [[nodiscard]] std::optional<std::int64_t> frame_size(const ByteSource& memory,
                                                       const Function& function,
                                                       std::uint64_t pc) const;

  /// No frame of this stack lies further out. Runtimes before 1.17 know by name only.
  [[nodiscard]] bool is_outermost(const ByteSource& memory, const Function& function) const;

  /// Where `pc` is in the source: innermost inlined call first, the function itself last.
  [[nodiscard]] std::vector<GoPosition> locate(const ByteSource& memory, const Function& function,
                                               std::uint64_t pc) const;

 private:
  GoTable() = default;

  [[nodiscard]] std::optional<std::uint64_t> function_pc(const ByteSource& memory,
                                                         std::uint64_t index) const;
  [[nodiscard]] std::uint64_t field(const Function& function, std::uint64_t index) const;
  [[nodiscard]] std::optional<std::uint32_t> number(const ByteSource& memory,
                                                    const Function& function,
                                                    std::uint64_t index) const;
  [[nodiscard]] std::optional<std::int32_t> value_at(const ByteSource& memory,
                                                     const Function& function, std::uint32_t table,
                                                     std::uint64_t pc) const;
  [[nodiscard]] std::string text(const ByteSource& memory, std::int32_t name_offset) const;
  [[nodiscard]] std::uint64_t flags_at(const Function& function) const;
  void locate_line(const ByteSource& memory, const Function& function, std::uint64_t pc,
                   GoPosition& position) const;
  [[nodiscard]] std::uint64_t inline_tree(const ByteSource& memory, const Function& function) const;
  [[nodiscard]] std::optional<std::int32_t> inline_index(const ByteSource& memory,
                                                         const Function& function,
                                                         std::uint64_t pc) const;

  Version version_ = Version::Go120;
  std::uint64_t header_ = 0;
  std::uint64_t text_ = 0;  ///< runtime.text
  std::uint64_t functions_ = 0;
  std::uint64_t names_ = 0;
  std::uint64_t units_ = 0;
  std::uint64_t files_ = 0;
  std::uint64_t tables_ = 0;
  std::uint64_t list_ = 0;
  std::uint64_t first_pc_ = 0;
  std::uint64_t end_pc_ = 0;
  std::uint64_t module_ = 0;   ///< runtime.moduledata; 0: not known
  std::uint64_t go_func_ = 0;  ///< what offsets of funcdata count from; 0: not known
};

}  // namespace boxtrace::stacks
