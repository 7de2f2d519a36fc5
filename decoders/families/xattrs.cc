// Extended attributes: names in four namespaces (user, trusted, security, system) with values.

#include <algorithm>

#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/structs.h"
#include "decoders/tables/fcntl.h"
#include "decoders/tables/files.h"

namespace boxtrace::decoders {
namespace {

constexpr FieldSpec kXattrArgs[] = {
    {"value", Width::Aligned64, Show::Pointer},
    {"size", Width::W32, Show::Unsigned},
    {"flags", Width::W32, Show::Constant, &kXattrFlags},
};

/// struct xattr_args with the value it points to: what is set, or, at exit, what was read.
Value arg_xattr_args(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  const base::Addr addr = address(context, index);
  const std::uint64_t size = word(context, static_cast<std::size_t>(arg.size_arg));
  if (size == 0) {
    return Pointer{addr};
  }
  Value value = decode_struct(context, addr, kXattrArgs, size);
  auto* fields = value.as<Struct>();
  const bool reads = arg.direction == Direction::InOut;
  if (fields == nullptr || fields->fields.size() < std::size(kXattrArgs) ||
      (reads &&
       (context.outcome == nullptr || context.outcome->kind != raw::Outcome::Kind::Returned))) {
    return value;
  }
  std::uint64_t length = fields->fields[1].value.raw().value_or(0);
  if (reads) {
    length = std::min(
        length, static_cast<std::uint64_t>(std::max<std::int64_t>(context.outcome->value, 0)));
  }
  fields->fields[0].value = decode_buffer(context, fields->fields[0].value.as<Pointer>()->addr,
                                          length, context.options.string_limit);
  return value;
}

constexpr SyscallSpec kRows[] = {
    {.name = "setxattr",
     .nr = {188, 226, 5},
     .classes = kFile,
     .args = {{{"path", arg_path},
               {"name", arg_string},
               {.name = "value", .decode = arg_buffer, .size_arg = 3},
               {"size", arg_size},
               {"flags", arg_constant, &kXattrFlags}}},
     .man = "setxattr(2)",
     .kernel = "fs/xattr.c: setxattr",
     .explain = {"Sets an extended attribute of a file; image layers carry file capabilities in "
                 "security.capability."}},
    {.name = "lsetxattr",
     .nr = {189, 227, 6},
     .classes = kFile,
     .args = {{{"path", arg_path},
               {"name", arg_string},
               {.name = "value", .decode = arg_buffer, .size_arg = 3},
               {"size", arg_size},
               {"flags", arg_constant, &kXattrFlags}}},
     .man = "setxattr(2)",
     .kernel = "fs/xattr.c: lsetxattr",
     .explain = {"Sets an extended attribute without following a final symbolic link."}},
    {.name = "fsetxattr",
     .nr = {190, 228, 7},
     .classes = kDesc,
     .args = {{{"fd", arg_fd},
               {"name", arg_string},
               {.name = "value", .decode = arg_buffer, .size_arg = 3},
               {"size", arg_size},
               {"flags", arg_constant, &kXattrFlags}}},
     .man = "setxattr(2)",
     .kernel = "fs/xattr.c: fsetxattr",
     .explain = {"Sets an extended attribute of an open file."}},
    {.name = "getxattr",
     .nr = {191, 229, 8},
     .classes = kFile | kInfo,
     .args = {{{"path", arg_path},
               {"name", arg_string},
               {.name = "value", .decode = arg_buffer, .size_arg = 3, .direction = Direction::Out},
               {"size", arg_size}}},
     .returns = Returns::Size,
     .man = "getxattr(2)",
     .kernel = "fs/xattr.c: getxattr",
     .explain = {"Reads the value of an extended attribute of a file; with size 0 it only tells "
                 "how long the value is."}},
    {.name = "lgetxattr",
     .nr = {192, 230, 9},
     .classes = kFile | kInfo,
     .args = {{{"path", arg_path},
               {"name", arg_string},
               {.name = "value", .decode = arg_buffer, .size_arg = 3, .direction = Direction::Out},
               {"size", arg_size}}},
     .returns = Returns::Size,
     .man = "getxattr(2)",
     .kernel = "fs/xattr.c: lgetxattr",
     .explain =
         {"Reads the value of an extended attribute without following a final symbolic link."}},
    {.name = "fgetxattr",
     .nr = {193, 231, 10},
     .classes = kDesc | kInfo,
     .args = {{{"fd", arg_fd},
               {"name", arg_string},
               {.name = "value", .decode = arg_buffer, .size_arg = 3, .direction = Direction::Out},
               {"size", arg_size}}},
     .returns = Returns::Size,
     .man = "getxattr(2)",
     .kernel = "fs/xattr.c: fgetxattr",
     .explain = {"Reads the value of an extended attribute of an open file."}},
    {.name = "listxattr",
     .nr = {194, 232, 11},
     .classes = kFile | kInfo,
     .args = {{{"path", arg_path},
               {.name = "list", .decode = arg_buffer, .size_arg = 2, .direction = Direction::Out},
               {"size", arg_size}}},
     .returns = Returns::Size,
     .man = "listxattr(2)",
     .kernel = "fs/xattr.c: listxattr",
     .explain = {"Lists the names of the extended attributes of a file, each ended by a NUL."}},
    {.name = "llistxattr",
     .nr = {195, 233, 12},
     .classes = kFile | kInfo,
     .args = {{{"path", arg_path},
               {.name = "list", .decode = arg_buffer, .size_arg = 2, .direction = Direction::Out},
               {"size", arg_size}}},
     .returns = Returns::Size,
     .man = "listxattr(2)",
     .kernel = "fs/xattr.c: llistxattr",
     .explain =
         {"Lists the names of extended attributes without following a final symbolic link."}},
    {.name = "flistxattr",
     .nr = {196, 234, 13},
     .classes = kDesc | kInfo,
     .args = {{{"fd", arg_fd},
               {.name = "list", .decode = arg_buffer, .size_arg = 2, .direction = Direction::Out},
               {"size", arg_size}}},
     .returns = Returns::Size,
     .man = "listxattr(2)",
     .kernel = "fs/xattr.c: flistxattr",
     .explain = {"Lists the names of the extended attributes of an open file."}},
    {.name = "removexattr",
     .nr = {197, 235, 14},
     .classes = kFile,
     .args = {{{"path", arg_path}, {"name", arg_string}}},
     .man = "removexattr(2)",
     .kernel = "fs/xattr.c: removexattr",
     .explain = {"Removes an extended attribute of a file."}},
    {.name = "lremovexattr",
     .nr = {198, 236, 15},
     .classes = kFile,
     .args = {{{"path", arg_path}, {"name", arg_string}}},
     .man = "removexattr(2)",
     .kernel = "fs/xattr.c: lremovexattr",
     .explain = {"Removes an extended attribute without following a final symbolic link."}},
    {.name = "fremovexattr",
     .nr = {199, 237, 16},
     .classes = kDesc,
     .args = {{{"fd", arg_fd}, {"name", arg_string}}},
     .man = "removexattr(2)",
     .kernel = "fs/xattr.c: fremovexattr",
     .explain = {"Removes an extended attribute of an open file."}},
    {.name = "setxattrat",
     .nr = {463, 463, 463},
     .classes = kFile | kDesc,
     .args = {{{"dirfd", arg_dirfd},
               {"pathname", arg_path},
               {"at_flags", arg_constant, &kAtFlags},
               {"name", arg_string},
               {.name = "uargs", .decode = arg_xattr_args, .size_arg = 5},
               {"usize", arg_size}}},
     .man = "none",
     .kernel = "fs/xattr.c: setxattrat",
     .explain = {"Sets an extended attribute relative to a directory descriptor; value, size and "
                 "flags come in a struct that can grow."}},
    {.name = "getxattrat",
     .nr = {464, 464, 464},
     .classes = kFile | kDesc | kInfo,
     .args = {{{"dirfd", arg_dirfd},
               {"pathname", arg_path},
               {"at_flags", arg_constant, &kAtFlags},
               {"name", arg_string},
               {.name = "uargs",
                .decode = arg_xattr_args,
                .size_arg = 5,
                .direction = Direction::InOut},
               {"usize", arg_size}}},
     .returns = Returns::Size,
     .man = "none",
     .kernel = "fs/xattr.c: getxattrat",
     .explain = {"Reads an extended attribute relative to a directory descriptor; the buffer and "
                 "its size come in a struct that can grow."}},
    {.name = "listxattrat",
     .nr = {465, 465, 465},
     .classes = kFile | kDesc | kInfo,
     .args = {{{"dirfd", arg_dirfd},
               {"pathname", arg_path},
               {"at_flags", arg_constant, &kAtFlags},
               {.name = "list", .decode = arg_buffer, .size_arg = 4, .direction = Direction::Out},
               {"size", arg_size}}},
     .returns = Returns::Size,
     .man = "none",
     .kernel = "fs/xattr.c: listxattrat",
     .explain = {"Lists the names of extended attributes of a path that starts at a directory "
                 "descriptor."}},
    {.name = "removexattrat",
     .nr = {466, 466, 466},
     .classes = kFile | kDesc,
     .args = {{{"dirfd", arg_dirfd},
               {"pathname", arg_path},
               {"at_flags", arg_constant, &kAtFlags},
               {"name", arg_string}}},
     .man = "none",
     .kernel = "fs/xattr.c: removexattrat",
     .explain = {"Removes an extended attribute of a path that starts at a directory descriptor."}},
};

}  // namespace

const std::span<const SyscallSpec> kXattrSyscalls{kRows};

}  // namespace boxtrace::decoders
