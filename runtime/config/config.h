#pragma once
// config.json as values: what the OCI runtime specification 1.2 lets a bundle ask for on Linux,
// with names already turned into the kernel's numbers. Positions in vectors equal positions in the
// JSON arrays, so that `/mounts/3` can be named again when the third mount fails much later.
// Source: runtime-spec config.md and config-linux.md.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace boxrun::config {

enum class NamespaceKind : std::uint8_t { User, Mount, Pid, Network, Ipc, Uts, Cgroup, Time };

struct Namespace {
  NamespaceKind kind = NamespaceKind::Mount;
  std::string path;  ///< the namespace to join; empty for a new one
};

/// `size` ids from `container_id` on are `host_id` and following outside. user_namespaces(7).
struct IdMapping {
  std::uint32_t container_id = 0;
  std::uint32_t host_id = 0;
  std::uint32_t size = 0;
  friend bool operator==(const IdMapping&, const IdMapping&) = default;
};

/// The option words of a mount, sorted by which system call understands them.
struct MountOptions {
  std::uint64_t set_flags = 0;             ///< MS_* for mount(2), MS_BIND and MS_REC included
  std::uint64_t clear_flags = 0;           ///< MS_* that a word such as `rw` or `suid` takes away
  std::vector<std::uint64_t> propagation;  ///< MS_SHARED, MS_SLAVE | MS_REC, ... one call each
  std::uint64_t recursive_set = 0;         ///< MOUNT_ATTR_* for mount_setattr(2) with AT_RECURSIVE
  std::uint64_t recursive_clear = 0;       ///< the same, taken away
  bool tmpcopyup = false;                  ///< fill the tmpfs with what it covers
  bool idmap = false;                      ///< MOUNT_ATTR_IDMAP on the top mount
  bool recursive_idmap = false;            ///< the same on all mounts below
  std::string filesystem;                  ///< what remains, joined by commas: `mode=755,size=64k`
};

struct Mount {
  std::string destination;
  std::string type;
  std::string source;
  std::vector<std::string> option_words;  ///< as written
  MountOptions options;
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;

  [[nodiscard]] bool is_bind() const;
  [[nodiscard]] bool has_idmap() const { return options.idmap || options.recursive_idmap; }
};

struct User {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::optional<std::uint32_t> umask;
  std::vector<std::uint32_t> additional_gids;
};

/// Bit N is capability number N. capabilities(7).
struct Capabilities {
  std::uint64_t bounding = 0;
  std::uint64_t effective = 0;
  std::uint64_t inheritable = 0;
  std::uint64_t permitted = 0;
  std::uint64_t ambient = 0;
  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

struct Rlimit {
  int resource = 0;
  std::string name;  ///< `RLIMIT_NOFILE`
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
};

struct ConsoleSize {
  std::uint16_t height = 0;
  std::uint16_t width = 0;
};

/// sched_setattr(2).
struct Scheduler {
  std::uint32_t policy = 0;  ///< SCHED_*
  std::string name;          ///< `SCHED_FIFO`
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t flags = 0;       ///< SCHED_FLAG_*
  std::uint64_t runtime_ns = 0;  ///< these three for SCHED_DEADLINE
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};

/// ioprio_set(2).
struct IoPriority {
  int io_class = 0;  ///< IOPRIO_CLASS_*
  std::string name;
  int priority = 0;
};

/// The CPUs of a process that is executed into a running container, before and after it is in the
/// container's cgroup. Lists as in cpuset(7); empty for "as it comes".
struct ExecCpuAffinity {
  std::string initial;
  std::string final;
};

struct Process {
  bool terminal = false;
  std::optional<ConsoleSize> console_size;
  User user;
  std::vector<std::string> args;  ///< empty: the config has no process, which `start` refuses
  std::vector<std::string> env;
  std::string cwd = "/";
  std::optional<Capabilities> capabilities;
  std::vector<Rlimit> rlimits;
  bool no_new_privileges = false;
  std::optional<int> oom_score_adj;
  std::optional<Scheduler> scheduler;
  std::optional<IoPriority> io_priority;
  std::optional<ExecCpuAffinity> exec_cpu_affinity;
  std::string apparmor_profile;
  std::string selinux_label;
};

enum class DeviceType : char { Char = 'c', Block = 'b', Fifo = 'p' };

struct Device {
  std::string path;
  DeviceType type = DeviceType::Char;
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::uint32_t mode = 0666;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

/// A line for devices.allow or devices.deny; an absent number stands for `*`.
struct DeviceRule {
  bool allow = false;
  char type = 'a';
  std::optional<std::uint32_t> major;
  std::optional<std::uint32_t> minor;
  std::string access = "rwm";
};

struct Memory {
  std::optional<std::int64_t> limit;  ///< bytes, -1 for none; the same below
  std::optional<std::int64_t> reservation;
  std::optional<std::int64_t> swap;  ///< memory and swap together, as cgroup v1 counts
  std::optional<std::uint64_t> swappiness;
  std::optional<bool> disable_oom_killer;
  std::optional<std::int64_t> kernel;      ///< gone since Linux 5.16 and later
  std::optional<std::int64_t> kernel_tcp;  ///< cgroup v1 only
  bool check_before_update = false;
};

struct Cpu {
  std::optional<std::uint64_t> shares;
  std::optional<std::int64_t> quota;   ///< microseconds a period, -1 for none
  std::optional<std::uint64_t> burst;  ///< microseconds
  std::optional<std::uint64_t> period;
  std::optional<std::int64_t> idle;
  std::optional<std::int64_t> realtime_runtime;  ///< microseconds, cgroup v1 only
  std::optional<std::uint64_t> realtime_period;  ///< microseconds, cgroup v1 only
  std::string cpus;
  std::string mems;
};

struct HugepageLimit {
  std::string page_size;  ///< `2MB`
  std::uint64_t limit = 0;
};

struct BlockDeviceWeight {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::optional<std::uint16_t> weight;
  std::optional<std::uint16_t> leaf_weight;
};

/// A rate of one device: bytes or operations a second.
struct BlockDeviceRate {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::uint64_t rate = 0;
};

struct BlockIo {
  std::optional<std::uint16_t> weight;  ///< 10 to 1000
  std::optional<std::uint16_t> leaf_weight;
  std::vector<BlockDeviceWeight> weights;
  std::vector<BlockDeviceRate> read_bytes;
  std::vector<BlockDeviceRate> write_bytes;
  std::vector<BlockDeviceRate> read_operations;
  std::vector<BlockDeviceRate> write_operations;
};

struct Network {
  std::optional<std::uint32_t> class_id;
  std::vector<std::pair<std::string, std::uint32_t>> priorities;  ///< by interface
};

struct RdmaLimit {
  std::string device;
  std::optional<std::uint32_t> handles;
  std::optional<std::uint32_t> objects;
};

struct Resources {
  std::vector<DeviceRule> devices;
  Memory memory;
  Cpu cpu;
  std::optional<std::int64_t> pids_limit;
  BlockIo block_io;
  Network network;
  std::vector<RdmaLimit> rdma;
  std::vector<HugepageLimit> hugepages;
  std::map<std::string, std::string> unified;
};

/// One comparison of a system call's argument. Numbers of `op` are libseccomp's enum scmp_compare.
struct SeccompArg {
  std::uint32_t index = 0;
  std::uint64_t value = 0;
  std::uint64_t value_two = 0;
  int op = 0;
};

struct SeccompRule {
  std::vector<std::string> names;
  std::uint32_t action = 0;
  std::vector<SeccompArg> args;
};

/// Actions are libseccomp's numbers with the errno already in the low half.
struct Seccomp {
  std::uint32_t default_action = 0;
  std::vector<std::uint32_t> architectures;  ///< AUDIT_ARCH_*
  std::vector<std::string> flags;            ///< SECCOMP_FILTER_FLAG_*, as written
  std::vector<SeccompRule> rules;
  std::string listener_path;  ///< a Unix socket that gets the descriptor of SCMP_ACT_NOTIFY
  std::string listener_metadata;
};

/// set_mempolicy(2).
struct MemoryPolicy {
  int mode = 0;  ///< MPOL_* with MPOL_F_*
  std::string name;
  std::vector<std::uint32_t> nodes;
};

/// A line for the file `schemata` of a resctrl group.
struct Schema {
  std::string setting;  ///< its JSON path
  std::string line;     ///< `L3:0=7f0;1=1f`
};

/// The container's part in caches and memory bandwidth, and whether its use of them is counted.
struct IntelRdt {
  std::string clos_id;           ///< name of a control group, or `/`; empty: the container's id
  std::vector<Schema> schemata;  ///< in the order in which they are written
  std::string monitoring;  ///< JSON path of what asks for a monitoring group; empty: nothing does
};

struct Hook {
  std::string path;
  std::vector<std::string> args;
  /// Without: the runtime's own, or for startContainer that of the container's program.
  std::optional<std::vector<std::string>> env;
  std::optional<int> timeout_seconds;
};

struct Hooks {
  std::vector<Hook> prestart;
  std::vector<Hook> create_runtime;
  std::vector<Hook> create_container;
  std::vector<Hook> start_container;
  std::vector<Hook> poststart;
  std::vector<Hook> poststop;
};

/// A network device of the host that becomes the container's.
struct NetDevice {
  std::string host_name;
  std::string name;  ///< in the container; empty: the same
};

struct TimeOffset {
  std::string clock;  ///< `monotonic` or `boottime`
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
};

struct Config {
  std::string oci_version;
  std::string root_path;
  bool root_readonly = false;
  std::vector<Mount> mounts;
  Process process;
  std::string hostname;
  std::string domainname;
  Hooks hooks;
  std::map<std::string, std::string> annotations;

  std::vector<Namespace> namespaces;
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;
  std::vector<TimeOffset> time_offsets;
  std::vector<Device> devices;
  std::vector<NetDevice> net_devices;  ///< in the order of the keys
  std::string cgroups_path;
  std::optional<Resources> resources;
  std::uint64_t rootfs_propagation = 0;  ///< MS_*, 0 when the config does not say
  std::vector<std::pair<std::string, std::string>> sysctl;  ///< in the order of the keys
  std::optional<Seccomp> seccomp;
  std::optional<std::uint32_t> personality;
  std::optional<MemoryPolicy> memory_policy;
  std::optional<IntelRdt> intel_rdt;
  std::string mount_label;  ///< SELinux context of the container's mounts
  std::vector<std::string> masked_paths;
  std::vector<std::string> readonly_paths;

  /// Sentences about settings that are understood but not applied. Shown as warnings: a setting is
  /// never dropped in silence.
  std::vector<std::string> not_applied;

  [[nodiscard]] const Namespace* find_namespace(NamespaceKind kind) const;
  [[nodiscard]] bool has_new(NamespaceKind kind) const;
  [[nodiscard]] bool has_joined(NamespaceKind kind) const;
  /// The JSON path of that namespace: `/linux/namespaces/2`.
  [[nodiscard]] std::string namespace_setting(NamespaceKind kind) const;
};

}  // namespace boxrun::config
