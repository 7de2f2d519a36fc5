#include "tracer/stacks/capstone.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace boxtrace::stacks {
namespace {

template <typename Function>
bool find(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(::dlsym(library, name));
  return function != nullptr;
}

base::Result<Capstone> load() {
  // Debian names its packages by the version of the interface too.
  const std::string name = fmt::format("libcapstone.so.{}", CS_API_MAJOR);
  void* const library = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  Capstone out{};
  if (library == nullptr || !find(library, "cs_open", out.open) ||
      !find(library, "cs_close", out.close) || !find(library, "cs_option", out.option) ||
      !find(library, "cs_disasm", out.disasm) || !find(library, "cs_free", out.free) ||
      !find(library, "cs_insn_group", out.insn_group)) {
    return base::Error{0, fmt::format("cannot read machine code: {}", ::dlerror()),
                       fmt::format("install libcapstone{}", CS_API_MAJOR)};
  }
  return out;
}

}  // namespace

const base::Result<Capstone>& load_capstone() {
  static const base::Result<Capstone> once = load();
  return once;
}

}  // namespace boxtrace::stacks
