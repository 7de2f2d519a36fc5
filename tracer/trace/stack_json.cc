#include "tracer/trace/stack_json.h"

#include <utility>

#include "tracer/base/bytes.h"
#include "tracer/base/text.h"
#include "tracer/trace/json_fields.h"
#include "tracer/trace/names.h"

namespace boxtrace::trace {
namespace {

void write_frame(JsonText& json, const raw::Frame& frame) {
  json.begin_object();
  json.text("kind", name_of(kFrameKinds, frame.kind));
  json.hex("pc", frame.pc.value);
  const auto text = [&json](std::string_view name, const std::string& value) {
    if (!value.empty()) {
      json.text(name, value);
    }
  };
  text("module", frame.module);
  text("build_id", frame.build_id);
  json.hex("offset", frame.offset);
  text("function", frame.function);
  if (frame.function_offset != 0) {
    json.hex("function_offset", frame.function_offset);
  }
  text("file", frame.file);
  if (frame.line != 0) {
    json.integer("line", std::uint64_t{frame.line});
  }
  if (frame.inlined) {
    json.boolean("inlined", true);
  }
  if (frame.guessed) {
    json.boolean("guessed", true);
  }
  json.end_object();
}

raw::Frame parse_frame(const nlohmann::json& item, JsonFields& stack) {
  JsonFields fields(item, "stack.frames.");
  raw::Frame frame;
  const auto text = [&fields](const char* name) {
    return fields.has(name) ? fields.text(name) : std::string{};
  };
  frame.kind = fields.name_in("kind", kFrameKinds);
  frame.pc = {fields.hex("pc")};
  frame.module = text("module");
  frame.build_id = text("build_id");
  frame.offset = fields.hex("offset");
  frame.function = text("function");
  frame.function_offset = fields.has("function_offset") ? fields.hex("function_offset") : 0;
  frame.file = text("file");
  frame.line = fields.integer_or<std::uint32_t>("line", 0);
  frame.inlined = fields.has("inlined") && fields.boolean("inlined");
  frame.guessed = fields.has("guessed") && fields.boolean("guessed");
  stack.adopt(fields);
  return frame;
}

}  // namespace

void write_stack(JsonText& json, const raw::Stack& stack) {
  json.key("stack");
  json.begin_object();
  json.text("entry", name_of(kEntries, stack.entry));
  json.text("end", name_of(kStackEnds, stack.end));
  json.key("frames");
  json.begin_array();
  for (const raw::Frame& frame : stack.frames) {
    write_frame(json, frame);
  }
  json.end_array();
  json.end_object();
}

void write_site(JsonText& json, const raw::CallSite& site) {
  json.key("site");
  json.begin_object();
  json.hex("at", site.code_at.value);
  json.text("b64", base::to_base64(base::as_chars(site.code)));
  json.integer("bits", std::int64_t{site.registers.is_32bit ? 32 : 64});
  json.key("registers");
  json.begin_array();
  for (const std::uint64_t value : site.registers.values) {
    json.hex(value);
  }
  json.end_array();
  json.end_object();
}

base::Result<raw::Stack> parse_stack(const nlohmann::json& stack) {
  JsonFields fields(stack, "stack.");
  raw::Stack parsed;
  parsed.entry = fields.name_in("entry", kEntries);
  parsed.end = fields.name_in("end", kStackEnds);
  for (const nlohmann::json& item : fields.array("frames")) {
    parsed.frames.push_back(parse_frame(item, fields));
  }
  return fields.finish(std::move(parsed));
}

base::Result<raw::CallSite> parse_site(const nlohmann::json& site) {
  JsonFields fields(site, "site.");
  raw::CallSite parsed;
  parsed.code_at = {fields.hex("at")};
  parsed.code = base::to_bytes(fields.base64("b64"));
  const auto bits = fields.integer<int>("bits");
  if (bits != 32 && bits != 64) {
    fields.fail("bits", "is neither 32 nor 64");
  }
  parsed.registers.is_32bit = bits == 32;
  const auto& registers = fields.array("registers");
  if (registers.size() != raw::Registers::kCount) {
    fields.fail("registers", "does not have seventeen items");
    return fields.finish(std::move(parsed));
  }
  for (std::size_t i = 0; i < registers.size(); ++i) {
    parsed.registers.values.at(i) = fields.hex_word(registers[i], "registers");
  }
  return fields.finish(std::move(parsed));
}

}  // namespace boxtrace::trace
