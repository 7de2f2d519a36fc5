// Calls on the whole machine: randomness, kernel log, reboot, modules, swap; and x86 state.
// Sources: linux/random.h, linux/reboot.h, linux/module.h, linux/kexec.h, linux/swap.h,
// asm/prctl.h, asm/ldt.h.

#include "decoders/tables/system.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kRandomFlagsRows[] = {
    {1, "GRND_NONBLOCK"},
    {2, "GRND_RANDOM"},
    {4, "GRND_INSECURE"},
};

constexpr Constant kSyslogActionsRows[] = {
    {0, "SYSLOG_ACTION_CLOSE"},         {1, "SYSLOG_ACTION_OPEN"},
    {2, "SYSLOG_ACTION_READ"},          {3, "SYSLOG_ACTION_READ_ALL"},
    {4, "SYSLOG_ACTION_READ_CLEAR"},    {5, "SYSLOG_ACTION_CLEAR"},
    {6, "SYSLOG_ACTION_CONSOLE_OFF"},   {7, "SYSLOG_ACTION_CONSOLE_ON"},
    {8, "SYSLOG_ACTION_CONSOLE_LEVEL"}, {9, "SYSLOG_ACTION_SIZE_UNREAD"},
    {10, "SYSLOG_ACTION_SIZE_BUFFER"},
};

constexpr Constant kRebootMagicRows[] = {
    {0xfee1dead, "LINUX_REBOOT_MAGIC1"},
};

constexpr Constant kRebootMagic2Rows[] = {
    {672274793, "LINUX_REBOOT_MAGIC2"},
    {85072278, "LINUX_REBOOT_MAGIC2A"},
    {369367448, "LINUX_REBOOT_MAGIC2B"},
    {537993216, "LINUX_REBOOT_MAGIC2C"},
};

constexpr Constant kRebootCommandsRows[] = {
    {0x01234567, "LINUX_REBOOT_CMD_RESTART"},    {0xcdef0123, "LINUX_REBOOT_CMD_HALT"},
    {0x89abcdef, "LINUX_REBOOT_CMD_CAD_ON"},     {0, "LINUX_REBOOT_CMD_CAD_OFF"},
    {0x4321fedc, "LINUX_REBOOT_CMD_POWER_OFF"},  {0xa1b2c3d4, "LINUX_REBOOT_CMD_RESTART2"},
    {0xd000fce2, "LINUX_REBOOT_CMD_SW_SUSPEND"}, {0x45584543, "LINUX_REBOOT_CMD_KEXEC"},
};

constexpr Constant kModuleInitFlagsRows[] = {
    {1, "MODULE_INIT_IGNORE_MODVERSIONS"},
    {2, "MODULE_INIT_IGNORE_VERMAGIC"},
    {4, "MODULE_INIT_COMPRESSED_FILE"},
};

constexpr Constant kModuleDeleteFlagsRows[] = {
    {0x200, "O_TRUNC", {"Unload even what is in use."}},
    {0x800, "O_NONBLOCK"},
};

constexpr Constant kKexecFlagsRows[] = {
    {.value = 0, .name = "KEXEC_ARCH_DEFAULT", .mask = 0xffff0000},
    {.value = 0x30000, .name = "KEXEC_ARCH_386", .mask = 0xffff0000},
    {.value = 0x3e0000, .name = "KEXEC_ARCH_X86_64", .mask = 0xffff0000},
    {.value = 0xb70000, .name = "KEXEC_ARCH_AARCH64", .mask = 0xffff0000},
    {1, "KEXEC_ON_CRASH"},
    {2, "KEXEC_PRESERVE_CONTEXT"},
    {4, "KEXEC_UPDATE_ELFCOREHDR"},
    {8, "KEXEC_CRASH_HOTPLUG_SUPPORT"},
};

constexpr Constant kKexecFileFlagsRows[] = {
    {1, "KEXEC_FILE_UNLOAD"}, {2, "KEXEC_FILE_ON_CRASH"}, {4, "KEXEC_FILE_NO_INITRAMFS"},
    {8, "KEXEC_FILE_DEBUG"},  {16, "KEXEC_FILE_NO_CMA"},
};

constexpr Constant kSwapFlagsRows[] = {
    {0x8000, "SWAP_FLAG_PREFER", {"The low 15 bits are a priority."}},
    {0x10000, "SWAP_FLAG_DISCARD"},
    {0x20000, "SWAP_FLAG_DISCARD_ONCE"},
    {0x40000, "SWAP_FLAG_DISCARD_PAGES"},
};

constexpr Constant kArchPrctlCodesRows[] = {
    {0x1001, "ARCH_SET_GS"},
    {0x1002,
     "ARCH_SET_FS",
     {"Where thread-local storage is; the first thing a program's start-up code does."}},
    {0x1003, "ARCH_GET_FS"},
    {0x1004, "ARCH_GET_GS"},
    {0x1011, "ARCH_GET_CPUID"},
    {0x1012, "ARCH_SET_CPUID"},
    {0x1021, "ARCH_GET_XCOMP_SUPP"},
    {0x1022, "ARCH_GET_XCOMP_PERM"},
    {0x1023, "ARCH_REQ_XCOMP_PERM"},
    {0x1024, "ARCH_GET_XCOMP_GUEST_PERM"},
    {0x1025, "ARCH_REQ_XCOMP_GUEST_PERM"},
    {17, "ARCH_XCOMP_TILECFG"},
    {18, "ARCH_XCOMP_TILEDATA"},
    {0x2001, "ARCH_MAP_VDSO_X32"},
    {0x2002, "ARCH_MAP_VDSO_32"},
    {0x2003, "ARCH_MAP_VDSO_64"},
    {0x4001, "ARCH_GET_UNTAG_MASK"},
    {0x4002, "ARCH_ENABLE_TAGGED_ADDR"},
    {0x4003, "ARCH_GET_MAX_TAG_BITS"},
    {0x4004, "ARCH_FORCE_TAGGED_SVA"},
    {0x5001, "ARCH_SHSTK_ENABLE"},
    {0x5002, "ARCH_SHSTK_DISABLE"},
    {0x5003, "ARCH_SHSTK_LOCK"},
    {0x5004, "ARCH_SHSTK_UNLOCK"},
    {0x5005, "ARCH_SHSTK_STATUS"},
};

constexpr Constant kModifyLdtFunctionsRows[] = {
    {0, "LDT_READ"},
    {1, "LDT_WRITE_OLD"},
    {2, "LDT_READ_DEFAULT"},
    {0x11, "LDT_WRITE"},
};

}  // namespace

const ConstantTable kRandomFlags{"getrandom flags", ConstantTable::Kind::Flags,
                                 "GRND_???",        "linux/random.h",
                                 "getrandom(2)",    kRandomFlagsRows};
const ConstantTable kSyslogActions{"syslog actions",    ConstantTable::Kind::Enum,
                                   "SYSLOG_ACTION_???", "linux/syslog.h",
                                   "syslog(2)",         kSyslogActionsRows};
const ConstantTable kRebootMagic{"first magic numbers of reboot",
                                 ConstantTable::Kind::Enum,
                                 "LINUX_REBOOT_MAGIC_???",
                                 "linux/reboot.h",
                                 "reboot(2)",
                                 kRebootMagicRows};
const ConstantTable kRebootMagic2{"second magic numbers of reboot",
                                  ConstantTable::Kind::Enum,
                                  "LINUX_REBOOT_MAGIC_???",
                                  "linux/reboot.h",
                                  "reboot(2)",
                                  kRebootMagic2Rows};
const ConstantTable kRebootCommands{
    "reboot commands", ConstantTable::Kind::Enum, "LINUX_REBOOT_CMD_???", "linux/reboot.h",
    "reboot(2)",       kRebootCommandsRows};
const ConstantTable kModuleInitFlags{"finit_module flags", ConstantTable::Kind::Flags,
                                     "MODULE_INIT_???",    "linux/module.h",
                                     "init_module(2)",     kModuleInitFlagsRows};
const ConstantTable kModuleDeleteFlags{
    "delete_module flags", ConstantTable::Kind::Flags, "O_???",
    "asm-generic/fcntl.h", "delete_module(2)",         kModuleDeleteFlagsRows};
const ConstantTable kKexecFlags{"kexec_load flags", ConstantTable::Kind::Flags,
                                "KEXEC_???",        "linux/kexec.h",
                                "kexec_load(2)",    kKexecFlagsRows};
const ConstantTable kKexecFileFlags{"kexec_file_load flags", ConstantTable::Kind::Flags,
                                    "KEXEC_FILE_???",        "linux/kexec.h",
                                    "kexec_load(2)",         kKexecFileFlagsRows};
const ConstantTable kSwapFlags{"swapon flags",  ConstantTable::Kind::Flags,
                               "SWAP_FLAG_???", "linux/swap.h",
                               "swapon(2)",     kSwapFlagsRows};
const ConstantTable kArchPrctlCodes{"arch_prctl codes", ConstantTable::Kind::Enum,
                                    "ARCH_???",         "asm/prctl.h",
                                    "arch_prctl(2)",    kArchPrctlCodesRows};
const ConstantTable kModifyLdtFunctions{
    "modify_ldt functions",  ConstantTable::Kind::Enum, "LDT_???",
    "arch/x86/kernel/ldt.c", "modify_ldt(2)",           kModifyLdtFunctionsRows};

}  // namespace boxtrace::decoders
