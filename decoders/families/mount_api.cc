// The mount API of Linux 5.2 and later: mounting as a conversation over descriptors.
//
//   fsopen("overlay")            -> a context: a filesystem being described
//   fsconfig(ctx, SET_STRING..)     one option at a time, each checked on its own
//   fsconfig(ctx, CMD_CREATE)       the filesystem exists
//   fsmount(ctx)                 -> a mount that hangs nowhere
//   move_mount(mnt, "", .., "/x")   now it hangs at /x
//
// open_tree(2) makes the detached copy that a bind mount starts with, mount_setattr(2) changes
// properties of one mount or of all below it, and statmount(2) and listmount(2) ask without parsing
// mountinfo. Structs that carry their size are read to that size; what is longer than we know and
// not zero is shown.
//
// Sources: fs/fsopen.c, fs/namespace.c, fs/nsfs.c, include/uapi/linux/mount.h, nsfs.h; fsopen(2),
// mount_setattr(2).

#include <algorithm>

#include "decoders/args.h"
#include "decoders/families/families.h"
#include "decoders/structs.h"
#include "decoders/tables/mount.h"
#include "decoders/tables/sched.h"

namespace boxtrace::decoders {
namespace {

constexpr std::uint32_t kSetString = 1, kSetBinary = 2, kSetPath = 3, kSetPathEmpty = 4,
                        kSetFd = 5;  // FSCONFIG_*

/// fsconfig's value: what it is depends on the command.
Value arg_fsconfig_value(const CallContext& context, const ArgSpec&, std::size_t index) {
  const base::Addr addr = address(context, index);
  switch (low32(context, 1)) {
    case kSetString:
      // The kernel takes 255 bytes, but whole lists of overlay layers were passed here in vain.
      return decode_string(context, addr, kPageSize - 1);
    case kSetBinary:
      return decode_buffer(context, addr, low32(context, 4), context.options.string_limit);
    case kSetPath:
    case kSetPathEmpty:
      return decode_string(context, addr, kPathLimit, Text::Kind::Path);
    default:
      return Pointer{addr};
  }
}

/// fsconfig's aux: a descriptor, a directory, a length, or nothing.
Value arg_fsconfig_aux(const CallContext& context, const ArgSpec& arg, std::size_t index) {
  switch (low32(context, 1)) {
    case kSetPath:
    case kSetPathEmpty:
      return arg_dirfd(context, arg, index);
    case kSetFd:
      return arg_fd(context, arg, index);
    default:
      return arg_int(context, arg, index);
  }
}

constexpr FieldSpec kMountAttr[] = {
    {"attr_set", Width::W64, Show::Constant, &kMountAttributes},
    {"attr_clr", Width::W64, Show::Constant, &kMountAttributes},
    {"propagation", Width::W64, Show::Constant, &kPropagation},
    {"userns_fd", Width::W64, Show::Fd},
};

constexpr FieldSpec kStatmountRequest[] = {
    {"size", Width::W32, Show::Unsigned}, {"mnt_ns_fd", Width::W32, Show::Fd},
    {"mnt_id", Width::W64, Show::Hex},    {"param", Width::W64, Show::Constant, &kStatmountMask},
    {"mnt_ns_id", Width::W64, Show::Hex},
};
constexpr FieldSpec kListmountRequest[] = {
    {"size", Width::W32, Show::Unsigned}, {"mnt_ns_fd", Width::W32, Show::Fd},
    {"mnt_id", Width::W64, Show::Hex},    {"param", Width::W64, Show::Hex},
    {"mnt_ns_id", Width::W64, Show::Hex},
};
constexpr FieldSpec kListnsRequest[] = {
    {"size", Width::W32, Show::Unsigned}, {"spare", Width::W32, Show::Hidden},
    {"ns_id", Width::W64, Show::Hex},     {"ns_type", Width::W32, Show::Constant, &kNamespaceFlags},
    {"spare2", Width::W32, Show::Hidden}, {"user_ns_id", Width::W64, Show::Hex},
};

constexpr FieldSpec kStatmountResult[] = {
    {"size", Width::W32, Show::Unsigned},
    {"mnt_opts", Width::W32, Show::Unsigned},
    {"mask", Width::W64, Show::Constant, &kStatmountMask},
    {"sb_dev_major", Width::W32, Show::Unsigned},
    {"sb_dev_minor", Width::W32, Show::Unsigned},
    {"sb_magic", Width::W64, Show::Hex},
    {"sb_flags", Width::W32, Show::Constant, &kMountFlags},
    {"fs_type", Width::W32, Show::Unsigned},
    {"mnt_id", Width::W64, Show::Hex},
    {"mnt_parent_id", Width::W64, Show::Hex},
    {"mnt_id_old", Width::W32, Show::Unsigned},
    {"mnt_parent_id_old", Width::W32, Show::Unsigned},
    {"mnt_attr", Width::W64, Show::Constant, &kMountAttributes},
    {"mnt_propagation", Width::W64, Show::Constant, &kPropagation},
    {"mnt_peer_group", Width::W64, Show::Unsigned},
    {"mnt_master", Width::W64, Show::Unsigned},
    {"propagate_from", Width::W64, Show::Unsigned},
    {"mnt_root", Width::W32, Show::Unsigned},
    {"mnt_point", Width::W32, Show::Unsigned},
    {"mnt_ns_id", Width::W64, Show::Hex},
    {"fs_subtype", Width::W32, Show::Unsigned},
    {"sb_source", Width::W32, Show::Unsigned},
    {"opt_num", Width::W32, Show::Unsigned},
    {"opt_array", Width::W32, Show::Unsigned},
    {"opt_sec_num", Width::W32, Show::Unsigned},
    {"opt_sec_array", Width::W32, Show::Unsigned},
    {"supported_mask", Width::W64, Show::Constant, &kStatmountMask},
    {"mnt_uidmap_num", Width::W32, Show::Unsigned},
    {"mnt_uidmap", Width::W32, Show::Unsigned},
    {"mnt_gidmap_num", Width::W32, Show::Unsigned},
    {"mnt_gidmap", Width::W32, Show::Unsigned},
};
constexpr std::size_t kStatmountFixed = 512;  // sizeof(struct statmount): where its strings begin

/// The fields that hold an offset into the strings behind the struct, by the bit that fills them.
struct StringField {
  std::string_view name;
  std::uint64_t mask;
};
constexpr StringField kStatmountStrings[] = {
    {"mnt_opts", 0x80},  {"fs_type", 0x20},     {"mnt_root", 0x8},
    {"mnt_point", 0x10}, {"fs_subtype", 0x100}, {"sb_source", 0x200},
};

bool is_string_field(std::string_view name, std::uint64_t mask, bool& filled) {
  for (const StringField& candidate : kStatmountStrings) {
    if (candidate.name == name) {
      filled = (mask & candidate.mask) != 0;
      return true;
    }
  }
  return false;
}

/// struct statmount: fields that are 0 because nobody asked for them are left out, offsets of
/// strings become the strings.
Value arg_statmount(const CallContext& context, const ArgSpec&, std::size_t index) {
  const base::Addr addr = address(context, index);
  const std::uint64_t room = std::min<std::uint64_t>(word(context, 2), kStatmountFixed);
  if (room == 0) {
    return Pointer{addr};
  }
  Value value = decode_struct(context, addr, kStatmountResult, room);
  auto* fields = value.as<Struct>();
  if (fields == nullptr) {
    return value;
  }
  const Value* mask_field = value.field("mask");
  const std::uint64_t mask = mask_field != nullptr ? mask_field->raw().value_or(0) : 0;
  std::vector<Field> kept;
  for (Field& field : fields->fields) {
    const std::uint64_t raw = field.value.raw().value_or(0);
    bool filled = false;
    if (is_string_field(field.name, mask, filled)) {
      if (filled) {
        kept.push_back(
            {field.name, decode_string(context, {addr.value + kStatmountFixed + raw}, kPathLimit)});
      }
    } else if (raw != 0) {
      kept.push_back(std::move(field));
    }
  }
  fields->fields = std::move(kept);
  return value;
}

Value arg_mount_attr(const CallContext& context, const ArgSpec&, std::size_t index) {
  const std::uint64_t size = word(context, 4);
  const base::Addr addr = address(context, index);
  return size == 0 ? Value{Pointer{addr}} : decode_struct(context, addr, kMountAttr, size);
}

/// A request whose first field is its size.
Value decode_request(const CallContext& context, base::Addr addr,
                     std::span<const FieldSpec> layout) {
  const raw::Chunk head = context.memory.read(addr, 4);
  const auto size = base::read_le<std::uint32_t>(head.bytes, 0);
  return size && *size != 0 ? decode_struct(context, addr, layout, *size)
                            : decode_struct(context, addr, layout.first(1));
}

Value arg_statmount_request(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_request(context, address(context, index), kStatmountRequest);
}

Value arg_listmount_request(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_request(context, address(context, index), kListmountRequest);
}

Value arg_listns_request(const CallContext& context, const ArgSpec&, std::size_t index) {
  return decode_request(context, address(context, index), kListnsRequest);
}

/// The ids that listmount and listns wrote: as many as the result says.
Value arg_id_list(const CallContext& context, const ArgSpec&, std::size_t index) {
  const std::int64_t count = context.outcome != nullptr ? context.outcome->value : 0;
  return decode_array(context, address(context, index),
                      static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0)),
                      {"", Width::W64, Show::Hex});
}

constexpr SyscallSpec kRows[] = {
    {.name = "open_tree",
     .nr = {428, 428, 428},
     .classes = kMount | kFile | kDesc,
     .args = {{{"dfd", arg_dirfd},
               {"filename", arg_path},
               {"flags", arg_constant, &kOpenTreeFlags}}},
     .returns = Returns::Fd,
     .observe = kObserveFdArgs,
     .man = "open_tree(2)",
     .kernel = "fs/namespace.c: open_tree",
     .explain = {"A descriptor for a mount; with OPEN_TREE_CLONE for a detached copy of it, the "
                 "first half of a bind mount.",
                 "A detached mount is in no process's mountinfo; /proc/self/fd/N shows its path as "
                 "/.",
                 "Idmapped binds need the detour: the attribute can only be set while the copy "
                 "hangs nowhere."}},
    {.name = "open_tree_attr",
     .nr = {467, 467, 467},
     .classes = kMount | kFile | kDesc,
     .args = {{{"dfd", arg_dirfd},
               {"filename", arg_path},
               {"flags", arg_constant, &kOpenTreeFlags},
               {"uattr", arg_mount_attr},
               {"usize", arg_size}}},
     .returns = Returns::Fd,
     .observe = kObserveFdArgs,
     .man = "open_tree(2)",
     .kernel = "fs/namespace.c: open_tree_attr",
     .explain = {"open_tree and mount_setattr in one: the copy has its attributes before anybody "
                 "can see it. Since Linux 6.15.",
                 "As for open_tree.",
                 "It can give an idmapped copy of a mount that is idmapped already another map, "
                 "which mount_setattr alone cannot."}},
    {.name = "move_mount",
     .nr = {429, 429, 429},
     .classes = kMount | kFile | kDesc,
     .args = {{{"from_dfd", arg_dirfd},
               {"from_pathname", arg_path},
               {"to_dfd", arg_dirfd},
               {"to_pathname", arg_path},
               {"flags", arg_constant, &kMoveMountFlags}}},
     .observe = kObserveFdArgs,
     .man = "move_mount(2)",
     .kernel = "fs/namespace.c: vfs_move_mount",
     .explain = {"Hangs a detached mount at a place, or moves an attached one.",
                 "Now the mount is in /proc/PID/mountinfo.",
                 "The last step of a mount made of fsopen, fsconfig and fsmount: the fs type and "
                 "options stand in the calls before, not here."}},
    {.name = "fsopen",
     .nr = {430, 430, 430},
     .classes = kMount,
     .args = {{{"fsname", arg_string}, {"flags", arg_constant, &kFsopenFlags}}},
     .returns = Returns::Fd,
     .man = "fsopen(2)",
     .kernel = "fs/fsopen.c: fsopen",
     .explain =
         {"Begins to describe a filesystem of that type; nothing is mounted yet.",
          "/proc/self/fd/N is anon_inode:[fscontext].",
          "The user, network and pid namespaces of this moment are those that a sysfs, mqueue or "
          "proc will show, not those of the later fsmount."}},
    {.name = "fsconfig",
     .nr = {431, 431, 431},
     .classes = kMount | kDesc,
     .args = {{{"fd", arg_fd},
               {"cmd", arg_constant, &kFsconfigCommands},
               {"key", arg_string},
               {"value", arg_fsconfig_value},
               {"aux", arg_fsconfig_aux}}},
     .observe = kObserveFdArgs,
     .man = "fsconfig(2)",
     .kernel = "fs/fsopen.c: fsconfig",
     .explain = {"Sets one option of a filesystem that is being described, or makes it.",
                 "Nothing until FSCONFIG_CMD_CREATE, and nothing in mountinfo until move_mount.",
                 "A string value may have 255 bytes at most, so long lists of overlay layers "
                 "go in one by one (lowerdir+). The reason of a failure can be read from "
                 "the descriptor."}},
    {.name = "fsmount",
     .nr = {432, 432, 432},
     .classes = kMount | kDesc,
     .args = {{{"fs_fd", arg_fd},
               {"flags", arg_constant, &kFsmountFlags},
               {"attr_flags", arg_constant, &kMountAttributes}}},
     .returns = Returns::Fd,
     .man = "fsmount(2)",
     .kernel = "fs/namespace.c: fsmount",
     .explain = {"Turns the filesystem that a context describes into a mount which hangs nowhere "
                 "yet.",
                 "The descriptor can be used as a directory at once, before any path leads there.",
                 "If it is closed before move_mount, the mount is gone."}},
    {.name = "fspick",
     .nr = {433, 433, 433},
     .classes = kMount | kFile | kDesc,
     .args = {{{"dfd", arg_dirfd}, {"path", arg_path}, {"flags", arg_constant, &kFspickFlags}}},
     .returns = Returns::Fd,
     .observe = kObserveFdArgs,
     .man = "fspick(2)",
     .kernel = "fs/fsopen.c: fspick",
     .explain = {"A context for a filesystem that is mounted already, to change its options.",
                 "Nothing until FSCONFIG_CMD_RECONFIGURE.",
                 "It changes the filesystem for all its mounts; for one mount there is "
                 "mount_setattr."}},
    {.name = "mount_setattr",
     .nr = {442, 442, 442},
     .classes = kMount | kFile | kDesc,
     .args = {{{"dirfd", arg_dirfd},
               {"pathname", arg_path},
               {"flags", arg_constant, &kMountSetattrFlags},
               {"attr", arg_mount_attr},
               {"size", arg_size}}},
     .observe = kObserveFdArgs,
     .man = "mount_setattr(2)",
     .kernel = "fs/namespace.c: mount_setattr",
     .explain = {"Changes properties and propagation of a mount, with AT_RECURSIVE of all mounts "
                 "below it, too, all or none.",
                 "Field 6 and the optional fields of /proc/PID/mountinfo.",
                 "It is the only way to make a whole tree read-only at once, and the only one to "
                 "set an id map (MOUNT_ATTR_IDMAP), which needs a mount that is still detached."}},
    {.name = "statmount",
     .nr = {457, 457, 457},
     .classes = kMount | kInfo,
     .args = {{{"req", arg_statmount_request},
               {"buf", arg_statmount, nullptr, 2, Direction::Out},
               {"bufsize", arg_size},
               {"flags", arg_constant, &kStatmountFlags}}},
     .man = "statmount(2)",
     .kernel = "fs/namespace.c: statmount",
     .explain = {"Asks for facts about one mount by its unique 64-bit id, instead of parsing "
                 "mountinfo. Since Linux 6.8.",
                 "Changes nothing.",
                 "The ids in mountinfo are the old, short ones, which are used again; statmount "
                 "wants those that statx gives with STATX_MNT_ID_UNIQUE."}},
    {.name = "listmount",
     .nr = {458, 458, 458},
     .classes = kMount | kInfo,
     .args = {{{"req", arg_listmount_request},
               {"mnt_ids", arg_id_list, nullptr, 2, Direction::Out},
               {"nr_mnt_ids", arg_size},
               {"flags", arg_constant, &kListmountFlags}}},
     .returns = Returns::Number,
     .man = "listmount(2)",
     .kernel = "fs/namespace.c: listmount",
     .explain = {"Lists the unique ids of the mounts below one; mnt_id -1 means the root. Since "
                 "Linux 6.8.",
                 "Changes nothing.", "To go on, param holds the last id of the call before."}},
    {.name = "listns",
     .nr = {470, 470, 470},
     .classes = kNamespace | kInfo,
     .args = {{{"req", arg_listns_request},
               {"ns_ids", arg_id_list, nullptr, 2, Direction::Out},
               {"nr_ns_ids", arg_size},
               {"flags", arg_hex}}},
     .returns = Returns::Number,
     .man = "none",
     .kernel = "kernel/nstree.c: listns",
     .explain = {"Lists the namespaces of given kinds by their 64-bit ids. Since Linux 6.19.",
                 "Changes nothing.",
                 "Before it, finding all namespaces meant reading every /proc/PID/ns, which misses "
                 "those that only a descriptor or a bind mount keeps alive."}},
};

}  // namespace

const std::span<const SyscallSpec> kMountApiSyscalls{kRows};

}  // namespace boxtrace::decoders
