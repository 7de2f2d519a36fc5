// Any bytes as a trace file, shown at every zoom: a hostile trace can tell a strange story, but it
// can neither crash the program that shows it nor smuggle control sequences to the terminal.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tracer/base/check.h"
#include "tracer/sinks/text.h"
#include "tracer/timeline/analysis.h"
#include "tracer/trace/reader.h"

namespace {

void expect_harmless(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    BT_CHECK((byte >= 0x20 && byte != 0x7f) || byte == '\n', "a control character was printed");
    // U+0080 to U+009F, which terminals obey too.
    const bool c1 =
        byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    BT_CHECK(!c1, "a control character of the second set was printed");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Zoom = boxtrace::sinks::TextOptions::Zoom;
  boxtrace::timeline::Analysis analysis;
  boxtrace::sinks::TextOptions options;
  boxtrace::sinks::TextSink story(options, expect_harmless);
  options.zoom = Zoom::Events;
  boxtrace::sinks::TextSink events(options, expect_harmless);
  options.zoom = Zoom::Calls;
  options.stable = true;
  boxtrace::sinks::TextSink calls(options, expect_harmless);
  analysis.add_listener(story);
  analysis.add_listener(events);
  analysis.add_listener(calls);
  boxtrace::trace::TraceReader reader(analysis);
  reader.feed({reinterpret_cast<const char*>(data), size});
  static_cast<void>(reader.finish());
  analysis.finish();
  return 0;
}
