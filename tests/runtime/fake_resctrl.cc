#include "tests/runtime/fake_resctrl.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "tests/runtime/container_fixture.h"

namespace boxrun::tests {
namespace {

constexpr std::size_t kMostGroups = 3;  ///< the default group is one of them

/// The tree, by paths: "" is the root, "/info" a directory below it.
class Tree {
 public:
  Tree() {
    make_directory("/info/L3_MON");
    files_["/info/last_cmd_status"] = "ok\n";
    files_["/info/L3/cbm_mask"] = "fffff\n";
    files_["/info/L3/min_cbm_bits"] = "1\n";
    files_["/info/L3/num_closids"] = std::to_string(kMostGroups) + "\n";
    files_["/info/MB/bandwidth_gran"] = "10\n";
    for (const char* path : {"/info/L3", "/info/MB"}) {
      make_directory(path);
    }
    fill("", true);
  }

  [[nodiscard]] bool is_directory(const std::string& path) const {
    return path.empty() || directories_.contains(path);
  }
  [[nodiscard]] bool is_there(const std::string& path) const {
    return is_directory(path) || files_.contains(path);
  }
  [[nodiscard]] const std::string& text(const std::string& path) { return files_[path]; }
  [[nodiscard]] std::vector<std::string> names_in(const std::string& path) const {
    std::vector<std::string> names;
    const auto add = [&](const std::string& other) {
      if (other.starts_with(path + "/") && other.find('/', path.size() + 1) == std::string::npos) {
        names.push_back(other.substr(path.size() + 1));
      }
    };
    for (const std::string& directory : directories_) {
      add(directory);
    }
    for (const auto& [file, content] : files_) {
      add(file);
    }
    return names;
  }

  int mkdir(const std::string& parent, const std::string& name) {
    const std::string path = parent + "/" + name;
    if (is_there(path)) {
      return -EEXIST;
    }
    const bool is_monitor = parent.ends_with("/mon_groups");
    if (!is_monitor && !parent.empty()) {
      return -EPERM;
    }
    if (!is_monitor && ++groups_ > kMostGroups) {
      --groups_;
      return refuse("Out of CLOSIDs", ENOSPC);
    }
    make_directory(path);
    fill(path, !is_monitor);
    return 0;
  }

  int rmdir(const std::string& path) {
    if (!is_directory(path)) {
      return -ENOENT;
    }
    groups_ -= path.find('/', 1) == std::string::npos ? std::size_t{1} : 0;
    const auto is_below = [&path](const std::string& other) {
      return other == path || other.starts_with(path + "/");
    };
    std::erase_if(files_, [&](const auto& file) { return is_below(file.first); });
    std::erase_if(directories_, is_below);
    return 0;
  }

  int write(const std::string& path, const std::string& text) {
    files_["/info/last_cmd_status"] = "ok\n";
    const std::string group = path.substr(0, path.rfind('/'));
    if (path.ends_with("/schemata")) {
      return write_schemata(group, text);
    }
    const auto inner = group.rfind("/mon_groups/");
    if (inner != std::string::npos &&
        files_[group.substr(0, inner) + "/tasks"].find(text + "\n") == std::string::npos) {
      return refuse("Can't move task to different control group", EINVAL);
    }
    files_[path] += text + "\n";
    return static_cast<int>(text.size());
  }

 private:
  void make_directory(const std::string& path) {
    for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
      directories_.insert(path.substr(0, slash));
      if (slash == std::string::npos) {
        return;
      }
    }
  }
  void fill(const std::string& group, bool is_control) {
    files_[group + "/tasks"] = "";
    make_directory(group + "/mon_data/mon_L3_00");
    files_[group + "/mon_data/mon_L3_00/llc_occupancy"] = "4096\n";
    files_[group + "/mon_data/mon_L3_00/mbm_total_bytes"] = "Unavailable\n";
    files_[group + "/mon_data/mon_L3_00/mbm_local_bytes"] = "77\n";
    if (is_control) {
      make_directory(group + "/mon_groups");
      values_[group] = {0xfffff, 100};
      show(group);
    }
  }
  void show(const std::string& group) {
    std::array<char, 100> text{};
    std::snprintf(text.data(), text.size(), "    L3:0=%05x\n    MB:0=%3u\n", values_[group].first,
                  values_[group].second);
    files_[group + "/schemata"] = text.data();
  }
  int refuse(const char* why, int err) {
    files_["/info/last_cmd_status"] = std::string{why} + "\n";
    return -err;
  }
  int write_schemata(const std::string& group, const std::string& text) {
    unsigned value = 0;
    if (std::sscanf(text.c_str(), " L3:0=%x\n", &value) == 1) {
      if (value == 0 || value > 0xfffff) {
        return refuse("Mask out of range", EINVAL);
      }
      values_[group].first = value;
    } else if (std::sscanf(text.c_str(), " MB:0=%u\n", &value) == 1) {
      values_[group].second = (value + 9) / 10 * 10;
    } else {
      return refuse("Unknown or unsupported resource name", EINVAL);
    }
    if (!text.ends_with('\n')) {
      return -EINVAL;
    }
    show(group);
    return static_cast<int>(text.size());
  }

  std::set<std::string> directories_;
  std::map<std::string, std::string> files_;
  std::map<std::string, std::pair<unsigned, unsigned>> values_;
  std::size_t groups_ = 1;
};

/// Source: fuse(4); linux/fuse.h.
class Server {
 public:
  Server(int device, std::string folder) : device_(device), folder_(std::move(folder)) {}

  void serve() {
    std::vector<char> buffer(FUSE_MIN_READ_BUFFER * 2);
    for (;;) {
      const ssize_t got = ::read(device_, buffer.data(), buffer.size());
      if (got < static_cast<ssize_t>(sizeof(fuse_in_header))) {
        if (got < 0 && (errno == EINTR || errno == ENOENT)) {
          continue;
        }
        return;  // unmounted
      }
      std::memcpy(&request_, buffer.data(), sizeof request_);
      body_.assign(buffer.data() + sizeof request_,
                   static_cast<std::size_t>(got) - sizeof request_);
      answer();
    }
  }

 private:
  template <typename T>
  [[nodiscard]] T in() const {
    T value{};
    std::memcpy(&value, body_.data(), std::min(sizeof value, body_.size()));
    return value;
  }
  void reply(int result, const void* data = nullptr, std::size_t size = 0) {
    fuse_out_header head{static_cast<std::uint32_t>(sizeof head + size), result, request_.unique};
    std::string bytes{reinterpret_cast<const char*>(&head), sizeof head};
    bytes.append(static_cast<const char*>(data), size);
    static_cast<void>(!::write(device_, bytes.data(), bytes.size()));
  }
  template <typename T>
  void reply_with(const T& value) {
    reply(0, &value, sizeof value);
  }
  std::uint64_t number_of(const std::string& path) {
    const auto [found, is_new] = numbers_.emplace(path, paths_.size() + 1);
    if (is_new) {
      paths_.push_back(path);
    }
    return found->second;
  }
  [[nodiscard]] fuse_attr attributes(const std::string& path) {
    fuse_attr attr{};
    attr.ino = number_of(path);
    attr.mode = tree_.is_directory(path) ? S_IFDIR | 0755 : S_IFREG | 0644;
    attr.nlink = 1;
    return attr;
  }
  void reply_entry(const std::string& path) {
    fuse_entry_out entry{};
    entry.nodeid = number_of(path);
    entry.attr = attributes(path);
    reply_with(entry);
  }
  void reply_names(const std::string& path) {
    const auto wanted = in<fuse_read_in>();
    std::string bytes;
    std::uint64_t offset = 0;
    for (const std::string& name : tree_.names_in(path)) {
      if (offset++ < wanted.offset) {
        continue;
      }
      const std::string below = path + "/" + name;
      fuse_dirent entry{};
      entry.ino = number_of(below);
      entry.off = offset;
      entry.namelen = static_cast<std::uint32_t>(name.size());
      entry.type = tree_.is_directory(below) ? 4 : 8;  // DT_DIR, DT_REG
      std::string one{reinterpret_cast<const char*>(&entry), FUSE_NAME_OFFSET};
      one += name;
      one.resize(FUSE_DIRENT_ALIGN(one.size()));
      if (bytes.size() + one.size() > wanted.size) {
        break;
      }
      bytes += one;
    }
    reply(0, bytes.data(), bytes.size());
  }

  void answer() {
    while (paths_.empty()) {
      number_of("");  // FUSE_ROOT_ID is 1
    }
    const std::string path = request_.nodeid != 0 && request_.nodeid <= paths_.size()
                                 ? paths_[request_.nodeid - 1]
                                 : std::string{};
    switch (request_.opcode) {
      case FUSE_INIT: {
        fuse_init_out out{};
        out.major = FUSE_KERNEL_VERSION;
        out.minor = FUSE_KERNEL_MINOR_VERSION;
        out.max_write = 4096;
        return reply_with(out);
      }
      case FUSE_LOOKUP: {
        const std::string below = path + "/" + body_.c_str();
        return tree_.is_there(below) ? reply_entry(below) : reply(-ENOENT);
      }
      case FUSE_GETATTR:
      case FUSE_SETATTR: {
        fuse_attr_out out{};
        out.attr = attributes(path);
        return tree_.is_there(path) ? reply_with(out) : reply(-ENOENT);
      }
      case FUSE_OPEN:
      case FUSE_OPENDIR: {
        fuse_open_out out{};
        out.open_flags = FOPEN_DIRECT_IO;  // sizes are 0
        return reply_with(out);
      }
      case FUSE_READ: {
        const auto wanted = in<fuse_read_in>();
        const std::string& text = tree_.text(path);
        const std::string part =
            text.substr(std::min<std::size_t>(wanted.offset, text.size()), wanted.size);
        return reply(0, part.data(), part.size());
      }
      case FUSE_READDIR:
        return reply_names(path);
      case FUSE_WRITE: {
        const auto wanted = in<fuse_write_in>();
        const int done = tree_.write(path, body_.substr(sizeof wanted, wanted.size));
        fuse_write_out out{};
        out.size = static_cast<std::uint32_t>(done);
        return done < 0 ? reply(done) : reply_with(out);
      }
      case FUSE_MKDIR: {
        const std::string name = body_.c_str() + sizeof(fuse_mkdir_in);
        const int done = tree_.mkdir(path, name);
        if (read_text(folder_ + "/hold") == path + "/" + name) {
          write_text(folder_ + "/held", "");
          while (!std::filesystem::exists(folder_ + "/go_on")) {
            ::usleep(1000);
          }
        }
        return done < 0 ? reply(done) : reply_entry(path + "/" + name);
      }
      case FUSE_RMDIR: {
        const std::string below = path + "/" + body_.c_str();
        // The kernel keeps the dead directory by its number: another one gets another number.
        std::erase_if(numbers_,
                      [&below](const auto& entry) { return entry.first.starts_with(below); });
        return reply(tree_.rmdir(below));
      }
      case FUSE_FLUSH:
      case FUSE_RELEASE:
      case FUSE_RELEASEDIR:
      case FUSE_ACCESS:
        return reply(0);
      case FUSE_FORGET:
      case FUSE_BATCH_FORGET:
      case FUSE_INTERRUPT:
        return;  // no answer
      default:
        return reply(-ENOSYS);
    }
  }

  int device_;
  std::string folder_;
  fuse_in_header request_{};
  std::string body_;
  Tree tree_;
  std::map<std::string, std::uint64_t> numbers_;
  std::vector<std::string> paths_;
};

}  // namespace

FakeResctrl::FakeResctrl(const std::string& folder)
    : root_(folder + "/resctrl"), mountinfo_(folder + "/mountinfo") {
  std::filesystem::create_directory(root_);
  std::array<int, 2> ready{};
  if (::pipe2(ready.data(), O_CLOEXEC) != 0) {
    return;
  }
  const pid_t server = ::fork();
  if (server == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int device = ::open("/dev/fuse", O_RDWR | O_CLOEXEC);
    const std::string options =
        "fd=" + std::to_string(device) + ",rootmode=40000,user_id=0,group_id=0";
    const bool is_mounted = device >= 0 && ::unshare(CLONE_NEWNS) == 0 &&
                            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                            ::mount("resctrl", root_.c_str(), "fuse", 0, options.c_str()) == 0;
    static_cast<void>(!::write(ready[1], "y", is_mounted ? 1 : 0));
    ::close(ready[1]);
    if (is_mounted) {
      Server{device, folder}.serve();
    }
    ::_exit(0);
  }
  ::close(ready[1]);
  char answer = 0;
  const bool is_mounted = ::read(ready[0], &answer, 1) == 1;
  ::close(ready[0]);
  if (!is_mounted) {
    ::waitpid(server, nullptr, 0);
    return;
  }
  server_ = server;
  std::istringstream mounts{read_text("/proc/" + std::to_string(server_) + "/mountinfo")};
  std::string text;
  for (std::string line; std::getline(mounts, line);) {
    const auto type = line.find(" - fuse resctrl ");
    if (type != std::string::npos && line.find(root_) != std::string::npos) {
      line.replace(type, 7, " - resctrl");
    }
    text += line + "\n";
  }
  write_text(mountinfo_, text);
}

FakeResctrl::~FakeResctrl() {
  if (is_mounted()) {
    ::kill(server_, SIGKILL);
    ::waitpid(server_, nullptr, 0);
  }
}

std::string FakeResctrl::file(const std::string& below) const {
  return "/proc/" + std::to_string(server_) + "/root" + path(below);
}

std::vector<std::string> FakeResctrl::seen_by(const std::vector<std::string>& command) const {
  std::vector<std::string> words = {"nsenter",
                                    "--mount=/proc/" + std::to_string(server_) + "/ns/mnt",
                                    "unshare",
                                    "--mount",
                                    "--propagation",
                                    "private",
                                    "sh",
                                    "-c",
                                    "mount --bind \"$0\" /proc/$$/mountinfo && exec \"$@\"",
                                    mountinfo_};
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

}  // namespace boxrun::tests
