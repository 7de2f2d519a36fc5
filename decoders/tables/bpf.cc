// Source: include/uapi/linux/bpf.h; bpf(2).

#include "decoders/tables/bpf.h"

namespace boxtrace::decoders {
namespace {

constexpr Constant kCommands[] = {
    {0, "BPF_MAP_CREATE"},
    {1, "BPF_MAP_LOOKUP_ELEM"},
    {2, "BPF_MAP_UPDATE_ELEM"},
    {3, "BPF_MAP_DELETE_ELEM"},
    {4, "BPF_MAP_GET_NEXT_KEY"},
    {5,
     "BPF_PROG_LOAD",
     {"Loads a program; the verifier reads it first.", "/proc/PID/fdinfo/N of the program.",
      "On cgroup v2 the rules for devices are such a program: there is no devices.allow file. "
      "Without "
      "CAP_BPF and CAP_SYS_ADMIN in the first user namespace it is EPERM, so rootless runtimes do "
      "without."}},
    {6, "BPF_OBJ_PIN"},
    {7, "BPF_OBJ_GET"},
    {8, "BPF_PROG_ATTACH", {"Attaches a program, here mostly to a cgroup.", "", ""}},
    {9, "BPF_PROG_DETACH"},
    {10, "BPF_PROG_TEST_RUN"},
    {11, "BPF_PROG_GET_NEXT_ID"},
    {12, "BPF_MAP_GET_NEXT_ID"},
    {13, "BPF_PROG_GET_FD_BY_ID"},
    {14, "BPF_MAP_GET_FD_BY_ID"},
    {15, "BPF_OBJ_GET_INFO_BY_FD"},
    {16, "BPF_PROG_QUERY", {"Which programs are attached to this cgroup?", "", ""}},
    {17, "BPF_RAW_TRACEPOINT_OPEN"},
    {18, "BPF_BTF_LOAD"},
    {19, "BPF_BTF_GET_FD_BY_ID"},
    {20, "BPF_TASK_FD_QUERY"},
    {21, "BPF_MAP_LOOKUP_AND_DELETE_ELEM"},
    {22, "BPF_MAP_FREEZE"},
    {23, "BPF_BTF_GET_NEXT_ID"},
    {24, "BPF_MAP_LOOKUP_BATCH"},
    {25, "BPF_MAP_LOOKUP_AND_DELETE_BATCH"},
    {26, "BPF_MAP_UPDATE_BATCH"},
    {27, "BPF_MAP_DELETE_BATCH"},
    {28, "BPF_LINK_CREATE"},
    {29, "BPF_LINK_UPDATE"},
    {30, "BPF_LINK_GET_FD_BY_ID"},
    {31, "BPF_LINK_GET_NEXT_ID"},
    {32, "BPF_ENABLE_STATS"},
    {33, "BPF_ITER_CREATE"},
    {34, "BPF_LINK_DETACH"},
    {35, "BPF_PROG_BIND_MAP"},
    {36, "BPF_TOKEN_CREATE"},
    {37, "BPF_PROG_STREAM_READ_BY_FD"},
};

constexpr Constant kProgramTypes[] = {
    {0, "BPF_PROG_TYPE_UNSPEC"},
    {1, "BPF_PROG_TYPE_SOCKET_FILTER"},
    {2, "BPF_PROG_TYPE_KPROBE"},
    {3, "BPF_PROG_TYPE_SCHED_CLS"},
    {4, "BPF_PROG_TYPE_SCHED_ACT"},
    {5, "BPF_PROG_TYPE_TRACEPOINT"},
    {6, "BPF_PROG_TYPE_XDP"},
    {7, "BPF_PROG_TYPE_PERF_EVENT"},
    {8, "BPF_PROG_TYPE_CGROUP_SKB"},
    {9, "BPF_PROG_TYPE_CGROUP_SOCK"},
    {10, "BPF_PROG_TYPE_LWT_IN"},
    {11, "BPF_PROG_TYPE_LWT_OUT"},
    {12, "BPF_PROG_TYPE_LWT_XMIT"},
    {13, "BPF_PROG_TYPE_SOCK_OPS"},
    {14, "BPF_PROG_TYPE_SK_SKB"},
    {15,
     "BPF_PROG_TYPE_CGROUP_DEVICE",
     {"Decides on devices for a cgroup: it returns 1 for what may be opened or made.", "", ""}},
    {16, "BPF_PROG_TYPE_SK_MSG"},
    {17, "BPF_PROG_TYPE_RAW_TRACEPOINT"},
    {18, "BPF_PROG_TYPE_CGROUP_SOCK_ADDR"},
    {19, "BPF_PROG_TYPE_LWT_SEG6LOCAL"},
    {20, "BPF_PROG_TYPE_LIRC_MODE2"},
    {21, "BPF_PROG_TYPE_SK_REUSEPORT"},
    {22, "BPF_PROG_TYPE_FLOW_DISSECTOR"},
    {23, "BPF_PROG_TYPE_CGROUP_SYSCTL"},
    {24, "BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE"},
    {25, "BPF_PROG_TYPE_CGROUP_SOCKOPT"},
    {26, "BPF_PROG_TYPE_TRACING"},
    {27, "BPF_PROG_TYPE_STRUCT_OPS"},
    {28, "BPF_PROG_TYPE_EXT"},
    {29, "BPF_PROG_TYPE_LSM"},
    {30, "BPF_PROG_TYPE_SK_LOOKUP"},
    {31, "BPF_PROG_TYPE_SYSCALL"},
    {32, "BPF_PROG_TYPE_NETFILTER"},
};

constexpr Constant kAttachTypes[] = {
    {0, "BPF_CGROUP_INET_INGRESS"},
    {1, "BPF_CGROUP_INET_EGRESS"},
    {2, "BPF_CGROUP_INET_SOCK_CREATE"},
    {3, "BPF_CGROUP_SOCK_OPS"},
    {4, "BPF_SK_SKB_STREAM_PARSER"},
    {5, "BPF_SK_SKB_STREAM_VERDICT"},
    {6, "BPF_CGROUP_DEVICE"},
    {7, "BPF_SK_MSG_VERDICT"},
    {8, "BPF_CGROUP_INET4_BIND"},
    {9, "BPF_CGROUP_INET6_BIND"},
    {10, "BPF_CGROUP_INET4_CONNECT"},
    {11, "BPF_CGROUP_INET6_CONNECT"},
    {12, "BPF_CGROUP_INET4_POST_BIND"},
    {13, "BPF_CGROUP_INET6_POST_BIND"},
    {14, "BPF_CGROUP_UDP4_SENDMSG"},
    {15, "BPF_CGROUP_UDP6_SENDMSG"},
    {16, "BPF_LIRC_MODE2"},
    {17, "BPF_FLOW_DISSECTOR"},
    {18, "BPF_CGROUP_SYSCTL"},
    {19, "BPF_CGROUP_UDP4_RECVMSG"},
    {20, "BPF_CGROUP_UDP6_RECVMSG"},
    {21, "BPF_CGROUP_GETSOCKOPT"},
    {22, "BPF_CGROUP_SETSOCKOPT"},
    {23, "BPF_TRACE_RAW_TP"},
    {24, "BPF_TRACE_FENTRY"},
    {25, "BPF_TRACE_FEXIT"},
    {26, "BPF_MODIFY_RETURN"},
    {27, "BPF_LSM_MAC"},
    {28, "BPF_TRACE_ITER"},
    {29, "BPF_CGROUP_INET4_GETPEERNAME"},
    {30, "BPF_CGROUP_INET6_GETPEERNAME"},
    {31, "BPF_CGROUP_INET4_GETSOCKNAME"},
    {32, "BPF_CGROUP_INET6_GETSOCKNAME"},
    {33, "BPF_XDP_DEVMAP"},
    {34, "BPF_CGROUP_INET_SOCK_RELEASE"},
    {35, "BPF_XDP_CPUMAP"},
    {36, "BPF_SK_LOOKUP"},
    {37, "BPF_XDP"},
    {38, "BPF_SK_SKB_VERDICT"},
    {39, "BPF_SK_REUSEPORT_SELECT"},
    {40, "BPF_SK_REUSEPORT_SELECT_OR_MIGRATE"},
    {41, "BPF_PERF_EVENT"},
    {42, "BPF_TRACE_KPROBE_MULTI"},
    {43, "BPF_LSM_CGROUP"},
};

constexpr Constant kAttachFlags[] = {
    {1, "BPF_F_ALLOW_OVERRIDE"}, {2, "BPF_F_ALLOW_MULTI"}, {4, "BPF_F_REPLACE"},
    {8, "BPF_F_BEFORE"},         {16, "BPF_F_AFTER"},      {32, "BPF_F_ID"},
};

}  // namespace

const ConstantTable kBpfProgramTypes{
    "bpf program types", ConstantTable::Kind::Enum, "BPF_PROG_TYPE_???", "linux/bpf.h", "bpf(2)",
    kProgramTypes};
const ConstantTable kBpfAttachTypes{"bpf attach types", ConstantTable::Kind::Enum,
                                    "BPF_???",          "linux/bpf.h",
                                    "bpf(2)",           kAttachTypes};
const ConstantTable kBpfAttachFlags{"bpf attach flags", ConstantTable::Kind::Flags,
                                    "BPF_F_???",        "linux/bpf.h",
                                    "bpf(2)",           kAttachFlags};
const ConstantTable kBpfCommands{
    "bpf commands", ConstantTable::Kind::Enum, "BPF_???", "linux/bpf.h", "bpf(2)", kCommands};

}  // namespace boxtrace::decoders
