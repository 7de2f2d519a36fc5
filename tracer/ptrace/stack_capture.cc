#include "tracer/ptrace/stack_capture.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "tracer/base/procfs_text.h"
#include "tracer/os/file.h"

namespace boxtrace::ptrace {
namespace {

constexpr std::size_t kMostProcesses = 64;
constexpr std::uint64_t kSiteBefore = 48;
constexpr std::uint64_t kSiteAfter = 32;

/// A file, by offset.
class FileBytes final : public stacks::ByteSource {
 public:
  explicit FileBytes(os::UniqueFd fd) : fd_(std::move(fd)) {}
  [[nodiscard]] std::size_t read(std::uint64_t at, std::span<std::byte> into) const override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t got =
          ::pread(fd_.get(), into.data() + done, into.size() - done, static_cast<off_t>(at + done));
      if (got <= 0) {
        break;
      }
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

 private:
  os::UniqueFd fd_;
};

/// Null when it is not a regular file: opening anything else may have effects, reading it may
/// block.
std::unique_ptr<stacks::ByteSource> file_bytes(std::optional<os::UniqueFd> fd) {
  struct stat status {};
  if (!fd || ::fstat(fd->get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return nullptr;
  }
  return std::make_unique<FileBytes>(*std::move(fd));
}

}  // namespace

/// The files of the modules of one process.
class TaskFiles final : public stacks::ModuleFiles {
 public:
  explicit TaskFiles(const Observer& observer) : observer_(&observer) {}
  /// From now on the files are found through this thread.
  void use(base::HostTid tid) { tid_ = tid; }

  [[nodiscard]] std::vector<std::unique_ptr<stacks::ByteSource>> open(
      const base::MemoryMapping& mapping) const override {
    std::vector<std::unique_ptr<stacks::ByteSource>> files;
    if (mapping.inode == 0) {
      return files;
    }
    // The first needs a capability, the second may be another program, the third another file.
    for (const std::string& name : {fmt::format("map_files/{:x}-{:x}", mapping.begin, mapping.end),
                                    std::string("exe"), "root" + mapping.path}) {
      if (auto file = file_bytes(observer_->open_file(tid_, name))) {
        files.push_back(std::move(file));
      }
    }
    return files;
  }

  [[nodiscard]] std::unique_ptr<stacks::ByteSource> open_debug(
      const std::string& build_id) const override {
    constexpr std::size_t kFolderDigits = 2;
    if (build_id.size() <= kFolderDigits) {
      return nullptr;
    }
    auto fd = os::open_file(
        fmt::format("/usr/lib/debug/.build-id/{}/{}.debug", build_id.substr(0, kFolderDigits),
                    build_id.substr(kFolderDigits)),
        O_RDONLY | O_NONBLOCK | O_NOCTTY);
    return file_bytes(fd.ok() ? std::optional{std::move(fd).value()} : std::nullopt);
  }

 private:
  const Observer* observer_;
  base::HostTid tid_{};
};

StackCapture::Process::Process(Kernel& kernel, const Observer& observer)
    : memory(kernel), files(std::make_unique<TaskFiles>(observer)) {}
StackCapture::Process::~Process() = default;

StackCapture::StackCapture(Kernel& kernel, const Observer& observer, const StackOptions& options)
    : kernel_(&kernel), observer_(&observer), options_(options) {}

StackCapture::Process& StackCapture::process_of(const Tracee& tracee) {
  if (processes_.size() >= kMostProcesses && !processes_.contains(tracee.pid)) {
    processes_.clear();
  }
  std::unique_ptr<Process>& process = processes_[tracee.pid];
  if (process == nullptr) {
    process = std::make_unique<Process>(*kernel_, *observer_);
  }
  process->memory.begin_stop(tracee.tid);
  process->files->use(tracee.tid);
  std::string maps = observer_->maps(tracee.tid).value_or("");
  if (process->space == nullptr || maps != process->maps) {
    std::vector<base::MemoryMapping> mappings = base::parse_maps(maps);
    process->memory.clear();
    for (const base::MemoryMapping& mapping : mappings) {
      if (!mapping.writable && mapping.inode != 0) {
        process->memory.mark_stable(mapping.begin, mapping.end);
      }
    }
    process->space = std::make_unique<stacks::AddressSpace>(process->memory, std::move(mappings),
                                                            *process->files, modules_);
    process->maps = std::move(maps);
  }
  return *process;
}

void StackCapture::capture(const Tracee& tracee, CallInFlight& call) {
  const decoders::SyscallSpec* const spec = call.decoded.spec;
  const bool is_chosen =
      !options_.calls || (spec != nullptr && options_.calls->contains(*spec, call.call));
  if (!is_chosen || (!options_.stacks && !options_.sites)) {
    return;
  }
  const auto registers = kernel_->registers(tracee.tid);
  if (!registers) {
    return;
  }
  if (options_.stacks) {
    call.stack = walker_.walk(*process_of(tracee).space, *registers);
  }
  if (options_.sites) {
    raw::CallSite site;
    site.registers = *registers;
    const std::uint64_t pc = (*registers)[raw::Registers::kRip];
    // Less where a page in front of it cannot be read.
    for (std::uint64_t before : {kSiteBefore, pc % 4096}) {
      site.code_at = {pc - before};
      site.code.resize(static_cast<std::size_t>(before + kSiteAfter));
      site.code.resize(kernel_->read_memory(tracee.tid, site.code_at.value, site.code).size);
      if (site.code.size() >= before) {
        break;
      }
    }
    call.site = std::move(site);
  }
}

}  // namespace boxtrace::ptrace
