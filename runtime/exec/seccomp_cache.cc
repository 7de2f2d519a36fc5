#include "runtime/exec/seccomp_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <seccomp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "tracer/os/file.h"

namespace boxrun::exec {
namespace {

constexpr std::size_t kMostFilters = 100;

/// Everything that the instructions depend on, one token a line. Names have no newline: config.json
/// could write one, but then libseccomp does not know the name.
std::string render_source(const config::Seccomp& seccomp) {
  const scmp_version* version = ::seccomp_version();
  std::string text =
      fmt::format("boxrun filter 3\nlibseccomp {}.{}.{}\nnative {:x}\n", version->major,
                  version->minor, version->micro, ::seccomp_arch_native());
  text += fmt::format("default {:x}\n", seccomp.default_action);
  for (const std::uint32_t architecture : seccomp.architectures) {
    text += fmt::format("architecture {:x}\n", architecture);
  }
  for (const std::string& flag : seccomp.flags) {
    text += fmt::format("flag {}\n", flag);
  }
  text += fmt::format("listener {}\n", !seccomp.listener_path.empty());
  for (const config::SeccompRule& rule : seccomp.rules) {
    text += fmt::format("rule {:x}\n", rule.action);
    for (const config::SeccompArg& argument : rule.args) {
      text += fmt::format("argument {} {} {:x} {:x}\n", argument.index, argument.op, argument.value,
                          argument.value_two);
    }
    for (const std::string& name : rule.names) {
      fmt::format_to(std::back_inserter(text), "name {} {}\n", name.size(), name);
    }
  }
  return text;
}

/// FNV-1a. Only a name: the content decides.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  }
  return hash;
}

struct Header {
  std::uint64_t source_size = 0;
  std::uint32_t instructions = 0;
  std::uint32_t flags = 0;
};

bool is_ours(os::BorrowedFd fd, mode_t kind) {
  struct stat seen {};
  return ::fstat(fd.get(), &seen) == 0 && (seen.st_mode & S_IFMT) == kind &&
         seen.st_uid == ::geteuid() && (seen.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

std::string render_file(const std::string& source, const SeccompProgram& program) {
  const Header header{source.size(), static_cast<std::uint32_t>(program.instructions.size()),
                      program.flags};
  std::string bytes(sizeof header, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  bytes += source;
  const std::size_t at = bytes.size();
  bytes.resize(at + program.instructions.size() * sizeof(sock_filter));
  std::memcpy(bytes.data() + at, program.instructions.data(), bytes.size() - at);
  return bytes;
}

std::optional<SeccompProgram> parse_file(const std::string& bytes, const std::string& source) {
  Header header;
  if (bytes.size() < sizeof header) {
    return std::nullopt;
  }
  std::memcpy(&header, bytes.data(), sizeof header);
  const std::size_t size = std::size_t{header.instructions} * sizeof(sock_filter);
  if (header.source_size != source.size() || header.instructions == 0 ||
      header.instructions > BPF_MAXINSNS || bytes.size() != sizeof header + source.size() + size ||
      bytes.compare(sizeof header, source.size(), source) != 0) {
    return std::nullopt;
  }
  SeccompProgram program;
  program.flags = header.flags;
  program.instructions.resize(header.instructions);
  std::memcpy(program.instructions.data(), bytes.data() + sizeof header + source.size(), size);
  return program;
}

/// Room for the filter that comes next.
void drop_oldest(os::BorrowedFd directory) {
  const auto names = os::list_directory_at(directory, ".");
  if (!names.ok() || names.value().size() < kMostFilters) {
    return;
  }
  std::vector<std::pair<timespec, std::string>> ages;
  for (const std::string& name : names.value()) {
    struct stat seen {};
    if (::fstatat(directory.get(), name.c_str(), &seen, AT_SYMLINK_NOFOLLOW) == 0) {
      ages.emplace_back(seen.st_mtim, name);
    }
  }
  std::ranges::sort(ages, [](const auto& left, const auto& right) {
    return left.first.tv_sec < right.first.tv_sec;
  });
  for (std::size_t i = 0; i + kMostFilters / 2 < ages.size(); ++i) {
    ::unlinkat(directory.get(), ages[i].second.c_str(), 0);
  }
}

/// Whoever reads sees all of it or nothing. A failure leaves the cache as it was.
void keep(os::BorrowedFd directory, const std::string& name, const std::string& bytes) {
  const std::string fresh = fmt::format("{}.{}", name, ::getpid());
  const os::UniqueFd file{::openat(directory.get(), fresh.c_str(),
                                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!file) {
    return;
  }
  if (!os::write_all(file, bytes).ok() ||
      ::renameat(directory.get(), fresh.c_str(), directory.get(), name.c_str()) != 0) {
    ::unlinkat(directory.get(), fresh.c_str(), 0);
  }
}

}  // namespace

Result<SeccompProgram> cached_seccomp(const config::Seccomp& seccomp,
                                      const std::string& directory) {
  if (directory.empty()) {
    return compile_seccomp(seccomp);
  }
  ::mkdir(directory.c_str(), 0700);
  const os::UniqueFd folder{
      ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!folder || !is_ours(folder, S_IFDIR)) {
    return compile_seccomp(seccomp);
  }
  const std::string source = render_source(seccomp);
  const std::string name = fmt::format("{:016x}", hash_of(source));
  const os::UniqueFd file{::openat(folder.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
  if (file && is_ours(file, S_IFREG)) {
    const auto bytes = os::read_all(file);
    auto known = bytes.ok() ? parse_file(bytes.value(), source) : std::nullopt;
    if (known) {
      return std::move(*known);
    }
  }
  TRY(SeccompProgram program, compile_seccomp(seccomp));
  drop_oldest(folder);
  keep(folder, name, render_file(source, program));
  return program;
}

}  // namespace boxrun::exec
