#pragma once
// Names for what rules speak of: the arguments of a call and the constants they are compared with.

#include <optional>
#include <string>
#include <string_view>

#include "decoders/bpf/conditions.h"
#include "decoders/bpf/policy.h"
#include "decoders/constants.h"

namespace boxtrace::bpf {

/// The words for one field in one rule.
struct FieldNames {
  std::string name;                                    ///< `flags`, `arg0`, `ip`
  const decoders::ConstantTable* constants = nullptr;  ///< null: numbers
};

/// The words for a field of the calls of `rule`: those of the calls' rows where all rows agree.
/// `beside`: what else holds; a protocol's name depends on the domain, an option's on the level.
[[nodiscard]] FieldNames field_names(const Section& section, const Rule& rule, std::size_t field,
                                     const Conjunction& beside = {});

/// How the values of the fields are read.
[[nodiscard]] FieldKinds field_kinds(const Section& section, const Rule& rule);

/// The conjunction as several where the names of one field depend on which of its values another
/// one has: an option on its level.
[[nodiscard]] Condition split_by_names(const Section& section, const Rule& rule,
                                       const Conjunction& conjunction);

/// Whether a field is the mode of a file, which people read in octal.
[[nodiscard]] bool is_mode(const Section& section, const Rule& rule, std::size_t field);

/// The field that a word means for the calls of `rule`.
[[nodiscard]] std::optional<std::size_t> parse_field_name(const Section& section, const Rule& rule,
                                                          std::string_view name);

/// `CLONE_NEWNS|0x4`, `AF_UNIX`, `5`.
[[nodiscard]] std::string render_value(std::uint64_t value,
                                       const decoders::ConstantTable* constants);

/// One word of a value: a number, a constant of `constants` or of any table.
[[nodiscard]] std::optional<std::uint64_t> parse_value_word(
    std::string_view word, const decoders::ConstantTable* constants);

}  // namespace boxtrace::bpf
