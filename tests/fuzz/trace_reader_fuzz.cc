// Any bytes as a trace file: the reader ends, and each event that it passes on survives being
// written and read again, to the same line.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "tracer/base/check.h"
#include "tracer/raw/event_sink.h"
#include "tracer/trace/reader.h"
#include "tracer/trace/record.h"
#include "tracer/trace/writer.h"

namespace {

using boxtrace::raw::Event;
namespace trace = boxtrace::trace;

class RoundTrip final : public boxtrace::raw::EventSink {
 public:
  void on_event(const Event& event) override {
    const std::string line = first_.render_line(event);
    const auto record = trace::parse_record(std::string_view(line).substr(0, line.size() - 1));
    BT_CHECK(record.ok(), "a line of ours could not be read");
    const auto* const again = std::get_if<Event>(&record.value());
    BT_CHECK(again != nullptr && *again == event, "an event changed on its way through a line");
    BT_CHECK(second_.render_line(*again) == line, "a line changed on its way through an event");
  }

 private:
  trace::TraceWriter first_;
  trace::TraceWriter second_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  RoundTrip whole;
  trace::TraceReader reader(whole);
  // In two pieces, because the seam between pieces is code of its own.
  reader.feed(bytes.substr(0, size / 2));
  reader.feed(bytes.substr(size / 2));
  const trace::ReadSummary summary = reader.finish();
  static_cast<void>(trace::render_problems(summary));
  return 0;
}
