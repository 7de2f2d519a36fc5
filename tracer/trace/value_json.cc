#include "tracer/trace/value_json.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "tracer/trace/names.h"

namespace boxtrace::trace {
namespace {

void write_members(JsonText& json, const decoders::Value& value);

void write_failure(JsonText& json, const std::optional<raw::Unreadable>& failure) {
  if (failure) {
    json.text("fail", name_of(kUnreadables, *failure));
  }
}

void write_truncated(JsonText& json, bool truncated) {
  if (truncated) {
    json.boolean("truncated", true);
  }
}

void write_fields(JsonText& json, const std::vector<decoders::Field>& fields) {
  json.begin_array();
  for (const decoders::Field& field : fields) {
    json.begin_object();
    json.text("n", field.name);
    write_members(json, field.value);
    json.end_object();
  }
  json.end_array();
}

void write_value(JsonText& json, const decoders::Value& value) {
  json.begin_object();
  write_members(json, value);
  json.end_object();
}

/// One overload per alternative of decoders::Value.
struct MemberWriter {
  JsonText& json;

  void operator()(const decoders::Number& number) const {
    switch (number.style) {
      case decoders::Number::Style::Signed:
        json.integer("int", static_cast<std::int64_t>(number.raw));
        return;
      case decoders::Number::Style::Unsigned:
        json.integer("int", number.raw);
        return;
      case decoders::Number::Style::Hex:
        json.hex("hex", number.raw);
        return;
      case decoders::Number::Style::Octal:
        json.text("oct", fmt::format("{:#o}", number.raw));
        return;
    }
  }

  void operator()(const decoders::Symbol& symbol) const {
    if (symbol.name.empty()) {
      json.text("label", symbol.label);
    } else {
      json.text("sym", symbol.name);
    }
    json.hex("raw", symbol.raw);
  }

  void operator()(const decoders::Flags& flags) const {
    json.key("flags");
    json.begin_array();
    for (const std::string_view name : flags.names) {
      json.text(name);
    }
    json.end_array();
    json.hex("raw", flags.raw);
    if (flags.unknown != 0) {
      json.hex("unknown", flags.unknown);
    }
  }

  void operator()(const decoders::Text& text) const {
    json.text(text.kind == decoders::Text::Kind::Path ? "path" : "s", text.bytes);
    write_truncated(json, text.truncated);
    write_failure(json, text.failure);
  }

  void operator()(const decoders::Fd& fd) const {
    json.integer("fd", static_cast<std::int64_t>(fd.number));
    if (fd.at_cwd) {
      json.boolean("at_cwd", true);
    }
  }

  void operator()(const decoders::Pid& pid) const {
    json.integer("pid", static_cast<std::int64_t>(pid.number));
  }

  void operator()(const decoders::Pointer& pointer) const { json.hex("ptr", pointer.addr.value); }

  void operator()(const decoders::Missing& missing) const {
    json.hex("ptr", missing.addr.value);
    write_failure(json, missing.why);
  }

  void operator()(const decoders::Pending& pending) const {
    json.hex("ptr", pending.addr.value);
    json.boolean("pending", true);
  }

  void operator()(const decoders::Struct& structure) const {
    json.key("struct");
    write_fields(json, structure.fields);
    if (!structure.extra.empty()) {
      json.text("extra", base::as_chars(structure.extra));
    }
    write_failure(json, structure.failure);
  }

  void operator()(const decoders::List& list) const {
    json.key("list");
    json.begin_array();
    for (const decoders::Value& item : list.items) {
      write_value(json, item);
    }
    json.end_array();
    write_truncated(json, list.truncated);
    write_failure(json, list.failure);
  }

  void operator()(const decoders::Changed& changed) const {
    json.key("before");
    write_value(json, *changed.before);
    json.key("after");
    write_value(json, *changed.after);
  }
};

void write_members(JsonText& json, const decoders::Value& value) {
  std::visit(MemberWriter{json}, value.variant());
}

}  // namespace

void write_args(JsonText& json, const std::vector<decoders::Field>& args) {
  write_fields(json, args);
}

}  // namespace boxtrace::trace
