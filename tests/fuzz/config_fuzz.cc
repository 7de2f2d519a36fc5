// config.json comes from whoever made the image: any bytes must end in a Config or in an Error with
// a text, and a Config that was accepted must have a plan that can be printed.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "runtime/cgroup/layout.h"
#include "runtime/cgroup/limits.h"
#include "runtime/config/parse.h"
#include "runtime/plan/build.h"
#include "runtime/plan/render.h"
#include "runtime/state/state.h"

namespace {

/// Nothing that a terminal would act on may come out of a config, except the line ends of ours.
void require_printable(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n') {
      std::abort();
    }
  }
}

void try_config(std::string_view text) {
  const auto parsed = boxrun::config::parse_config(text);
  if (!parsed.ok()) {
    if (parsed.error().what.empty()) {
      std::abort();
    }
    return;
  }
  const auto& config = parsed.value();
  boxrun::plan::Circumstances at;
  at.id = "fuzz";
  at.bundle = "/bundle";
  for (const bool rootless : {false, true}) {
    at.rootless = rootless;
    require_printable(boxrun::plan::render_plan(boxrun::plan::make_plan(config, at)));
  }
  if (config.resources) {
    static_cast<void>(boxrun::cgroup::make_limits(*config.resources));
    static_cast<void>(boxrun::cgroup::make_device_limits(*config.resources));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(bytes), size};
  try_config(text);
  static_cast<void>(boxrun::state::parse_state_file(text));
  static_cast<void>(boxrun::config::parse_container_id(text));
  const auto half = text.substr(0, size / 2);
  static_cast<void>(boxrun::cgroup::parse_layout(half, text.substr(half.size())));
  return 0;
}
