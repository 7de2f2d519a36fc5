#pragma once
// Capstone, loaded by whoever first reads machine code. Its tables are full of addresses, 78,000 of
// them, which the dynamic linker would have to fill in at each start of boxtrace: 1.5 ms, for what
// most runs never look at.

#include <capstone/capstone.h>

#include "tracer/base/result.h"

namespace boxtrace::stacks {

/// The functions of capstone.h that we call.
struct Capstone {
  decltype(&::cs_open) open;
  decltype(&::cs_close) close;
  decltype(&::cs_option) option;
  decltype(&::cs_disasm) disasm;
  decltype(&::cs_free) free;
  decltype(&::cs_insn_group) insn_group;
};

/// Fails where the library is missing. Loads it once.
[[nodiscard]] const base::Result<Capstone>& load_capstone();

/// Where that succeeds.
[[nodiscard]] inline const Capstone& capstone() { return load_capstone().value(); }

}  // namespace boxtrace::stacks
