// The last steps before the container's own program runs.
//
// Descriptors: everything beyond the preserved ones closes on exec. A leaked descriptor of a host
// directory is a way out, and so is a working directory that is one: `cwd` may name
// /proc/self/fd/7. After chdir(2) the kernel is therefore asked for the path: outside of the root
// it answers "(unreachable)". CVE-2024-21626.
//
// Texts about a program that cannot be run keep the wording of runc, because docker derives exit
// status 126 and 127 from it. execve(2) says ENOENT also when the program is there but its
// interpreter is not, so we look.
//
// Sources: execve(2); getcwd(2); close_range(2); elf(5), PT_INTERP.

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "runtime/steps/steps.h"

namespace boxrun::steps {
namespace {

Outcome verify_directory(const char* wanted) {
  std::array<char, PATH_MAX> seen{};
  if (::syscall(SYS_getcwd, seen.data(), seen.size()) < 0) {
    return Outcome::refused(errno, "getcwd() after chdir(\"%s\")", wanted)
        .hint("%s",
              errno == ENOENT ? "the directory was removed while the container was made" : "");
  }
  if (seen[0] != '/') {
    return Outcome::refused(EXDEV, "the working directory \"%s\" is outside of the container",
                            wanted)
        .hint("it leads through a descriptor that somebody left open");
  }
  return Outcome::done();
}

std::size_t read_start(const char* path, std::array<char, 4096>& start) {
  const os::UniqueFd fd{::open(path, O_RDONLY | O_CLOEXEC)};
  const ssize_t got = fd ? ::read(fd.get(), start.data(), start.size() - 1) : -1;
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

/// The interpreter that `start`, the first bytes of a program, asks for; empty when it asks for
/// none or the bytes make no sense. Points into `start`.
std::string_view interpreter_of(const std::array<char, 4096>& start, std::size_t size) {
  const std::string_view text{start.data(), size};
  if (text.starts_with("#!")) {
    std::string_view line = text.substr(2, text.find('\n') - 2);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return line.substr(0, line.find_first_of(" \t"));
  }
  Elf64_Ehdr header{};
  if (size < sizeof header || !text.starts_with("\177ELF") || text[EI_CLASS] != ELFCLASS64) {
    return {};
  }
  memcpy(&header, start.data(), sizeof header);
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    const std::uint64_t offset = header.e_phoff + i * sizeof segment;
    if (offset > size || size - offset < sizeof segment) {
      break;
    }
    memcpy(&segment, start.data() + offset, sizeof segment);
    if (segment.p_type == PT_INTERP && segment.p_offset < size) {
      const std::string_view name = text.substr(segment.p_offset);
      return name.substr(0, name.find('\0'));
    }
  }
  return {};
}

Outcome refuse_program(int err, const char* name, const char* path) {
  const char* reason = err == ENOENT    ? "no such file or directory"
                       : err == EACCES  ? "permission denied"
                       : err == ENOEXEC ? "exec format error"
                                        : strerror(err);
  Outcome outcome = Outcome::refused(err, "exec: \"%s\": %s", name, reason);
  struct stat seen {};
  if (err == ENOENT && ::stat(path, &seen) == 0) {
    std::array<char, 4096> start{};
    const std::string_view interpreter = interpreter_of(start, read_start(path, start));
    if (interpreter.ends_with('\r')) {
      outcome.hint(
          "%s exists, but its first line ends in a carriage return: save it with Unix line "
          "endings",
          path);
    } else if (!interpreter.empty()) {
      outcome.hint("%s exists; its interpreter %.*s does not", path,
                   static_cast<int>(interpreter.size()), interpreter.data());
    }
  } else if (err == EACCES && ::stat(path, &seen) == 0) {
    outcome.hint("%s", S_ISDIR(seen.st_mode)        ? "it is a directory"
                       : (seen.st_mode & 0111) == 0 ? "it has no execute permission"
                                                    : "a parent directory, a noexec mount or the "
                                                      "user may be the reason");
  } else if (err == ENOTDIR) {
    outcome.hint("a part of %s that should be a directory is a file", path);
  } else if (err == ENOEXEC) {
    outcome.hint("no program of this machine's architecture, nor a script with a #! line");
  }
  return outcome;
}

/// 0, or why `path` cannot be executed.
int check_executable(const char* path) {
  struct stat seen {};
  if (::stat(path, &seen) != 0) {
    return errno;
  }
  if (!S_ISREG(seen.st_mode)) {
    return EACCES;
  }
  return ::faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

/// HOME from the container's /etc/passwd, as other runtimes set it where the config does not. Read
/// into fixed buffers; a line that does not fit is not ours.
void find_home(std::uint32_t uid, std::array<char, PATH_MAX>& home) {
  std::snprintf(home.data(), home.size(), "HOME=/");
  std::FILE* file = std::fopen("/etc/passwd", "re");
  if (file == nullptr) {
    return;
  }
  std::array<char, 1024> line{};
  while (std::fgets(line.data(), line.size(), file) != nullptr) {
    std::array<char*, 7> fields{};
    char* rest = line.data();
    std::size_t count = 0;
    while (count < fields.size() && rest != nullptr) {
      fields[count++] = strsep(&rest, ":\n");
    }
    char* end = nullptr;
    if (count == fields.size() && *fields[2] != '\0' && std::strtoul(fields[2], &end, 10) == uid &&
        *end == '\0' && *fields[5] == '/') {
      std::snprintf(home.data(), home.size(), "HOME=%s", fields[5]);
      break;
    }
  }
  std::fclose(file);
}

}  // namespace

Outcome run(const plan::ChangeDirectory& step, Inside& inside) {
  const char* path = step.path.c_str();
  if (step.as_final_user && !inside.directory_put_off) {
    return verify_directory(path);
  }
  if (::chdir(path) != 0) {
    if (errno == EACCES && !step.as_final_user) {
      inside.directory_put_off = true;
      return Outcome::done();
    }
    return Outcome::refused(errno, "chdir(\"%s\")", path)
        .hint("%s", errno == EACCES ? "the container's user may not enter this directory" : "");
  }
  inside.directory_put_off = false;
  return verify_directory(path);
}

Outcome run(const plan::FindProgram& step, Inside& inside) {
  if (!inside.prepared.has_home) {
    find_home(static_cast<std::uint32_t>(::getuid()), inside.home);
  }
  const char* name = step.name.c_str();
  auto& program = inside.program;
  if (step.name.find('/') != std::string::npos) {
    std::snprintf(program.data(), program.size(), "%s", name);
    const int err = check_executable(name);
    return err == 0 ? Outcome::done() : refuse_program(err, name, name);
  }
  std::string_view rest = inside.prepared.search_path;
  bool refused = false;
  for (bool more = true; more;) {
    const auto colon = rest.find(':');
    const std::string_view directory = rest.substr(0, colon);
    more = colon != std::string_view::npos;
    rest.remove_prefix(more ? colon + 1 : rest.size());
    std::snprintf(program.data(), program.size(), "%.*s/%s",
                  directory.empty() ? 1 : static_cast<int>(directory.size()),
                  directory.empty() ? "." : directory.data(), name);
    const int err = check_executable(program.data());
    if (err == 0) {
      return Outcome::done();
    }
    refused = refused || err == EACCES;
  }
  if (refused) {
    return refuse_program(EACCES, name, program.data());
  }
  Outcome outcome =
      Outcome::refused(ENOENT, "exec: \"%s\": executable file not found in $PATH", name);
  outcome.hint("PATH of the container is %s",
               inside.prepared.search_path.empty() ? "empty" : inside.prepared.search_path.c_str());
  return outcome;
}

Outcome run(const plan::CloseDescriptors& step, Inside&) {
  if (::syscall(SYS_close_range, 3U + step.preserve, ~0U, CLOSE_RANGE_CLOEXEC) == 0) {
    return Outcome::done();
  }
  return Outcome::refused(errno, "close_range(%u, ~0U, CLOSE_RANGE_CLOEXEC)", 3U + step.preserve)
      .hint("boxrun needs Linux 5.11 for this");
}

Outcome run(const plan::Execute&, Inside& inside) {
  char* const* arguments = inside.prepared.argv.data();
  ::signal(SIGPIPE, SIG_DFL);  // what is ignored stays ignored across execve(2)
  ::execve(inside.program.data(), arguments, inside.environment());
  return refuse_program(errno, arguments[0], inside.program.data());
}

}  // namespace boxrun::steps
