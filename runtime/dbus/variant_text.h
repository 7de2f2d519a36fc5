#pragma once
// Values as people write them: GVariant's text format, in which annotations give properties of
// systemd units.
//
//   'inactive-or-failed'   uint64 5000000   true   ['a.service', 'b.service']   @as []   (1, 'x')
//
// A number without a word before it is an `i`, or a `d` if it has a point. Of the format's types,
// dictionaries and maybe-types are missing: no property is one.
//
// Source: GLib's manual, "GVariant Text Format".

#include <string_view>

#include "runtime/aliases.h"
#include "runtime/dbus/value.h"

namespace boxrun::dbus {

/// @errors  what is not understood, and where; no errno
[[nodiscard]] Result<Value> parse_variant_text(std::string_view text);

}  // namespace boxrun::dbus
