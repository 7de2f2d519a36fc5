// Applets that read and change files.
//
// `chmod --via` exists because three system calls change a file's mode: chmod(2), fchmodat(2) and,
// since Linux 6.6, fchmodat2(2). A seccomp profile that lists one of them stops only the programs
// that happen to use that one; with this applet each can be tried by itself. The C library picks
// for us, therefore the calls are made by number.
//
// Sources: chmod(2) "fchmodat()"; fs/open.c: do_fchmodat().

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "runtime/toolbox/applet.h"

namespace boxrun::toolbox {
namespace {

constexpr long kFchmodat2 = 452;  // the headers of Debian 12 stop at Linux 6.1

bool copy_to_stdout(int fd) {
  char buffer[65536];
  for (;;) {
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got <= 0) {
      return got == 0;
    }
    if (std::fwrite(buffer, 1, static_cast<std::size_t>(got), stdout) !=
        static_cast<std::size_t>(got)) {
      return false;
    }
  }
}

long change_mode(const char* via, const char* path, unsigned mode) {
  if (std::strcmp(via, "chmod") == 0) {
    return syscall(SYS_chmod, path, mode);
  }
  if (std::strcmp(via, "fchmodat") == 0) {
    return syscall(SYS_fchmodat, AT_FDCWD, path, mode);
  }
  if (std::strcmp(via, "fchmodat2") == 0) {
    return syscall(kFchmodat2, AT_FDCWD, path, mode, 0);
  }
  errno = EINVAL;
  return -1;
}

char type_letter(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return 'd';
    case S_IFLNK:
      return 'l';
    case S_IFCHR:
      return 'c';
    case S_IFBLK:
      return 'b';
    case S_IFIFO:
      return 'p';
    case S_IFSOCK:
      return 's';
    default:
      return '-';
  }
}

// `drwxr-xr-t`, as ls -l shows it.
void render_mode(mode_t mode, char (&text)[11]) {
  constexpr char kLetters[] = "rwxrwxrwx";
  text[0] = type_letter(mode);
  for (unsigned bit = 0; bit < 9; ++bit) {
    text[1 + bit] = (mode & (0400U >> bit)) != 0 ? kLetters[bit] : '-';
  }
  const auto mark = [&text, mode](mode_t flag, unsigned at, char with_x, char without_x) {
    if ((mode & flag) != 0) {
      text[at] = text[at] == 'x' ? with_x : without_x;
    }
  };
  mark(S_ISUID, 3, 's', 'S');
  mark(S_ISGID, 6, 's', 'S');
  mark(S_ISVTX, 9, 't', 'T');
  text[10] = '\0';
}

// The link's target, or an empty string. Relative to `directory_fd`.
void read_link_target(int directory_fd, const char* name, char* target, std::size_t capacity) {
  const ssize_t length = readlinkat(directory_fd, name, target, capacity - 1);
  target[length < 0 ? 0 : length] = '\0';
}

void print_entry(int directory_fd, const char* name, bool details) {
  struct stat entry {};
  if (!details) {
    std::puts(name);
    return;
  }
  if (fstatat(directory_fd, name, &entry, AT_SYMLINK_NOFOLLOW) != 0) {
    std::printf("?????????? %s\n", name);
    return;
  }
  char mode[11];
  render_mode(entry.st_mode, mode);
  char size[32];
  if (S_ISCHR(entry.st_mode) || S_ISBLK(entry.st_mode)) {
    std::snprintf(size, sizeof size, "%u,%u", major(entry.st_rdev), minor(entry.st_rdev));
  } else {
    std::snprintf(size, sizeof size, "%lld", static_cast<long long>(entry.st_size));
  }
  std::printf("%s %3lu %5u %5u %9s %s", mode, static_cast<unsigned long>(entry.st_nlink),
              entry.st_uid, entry.st_gid, size, name);
  if (S_ISLNK(entry.st_mode)) {
    char target[PATH_MAX];
    read_link_target(directory_fd, name, target, sizeof target);
    std::printf(" -> %s", target);
  }
  std::putchar('\n');
}

int list_path(const char* path, bool all, bool details) {
  struct stat entry {};
  if (lstat(path, &entry) != 0) {
    return fail("ls", path);
  }
  if (!S_ISDIR(entry.st_mode)) {
    print_entry(AT_FDCWD, path, details);
    return 0;
  }
  dirent** names = nullptr;
  const int count = scandir(path, &names, nullptr, alphasort);
  if (count < 0) {
    return fail("ls", path);
  }
  const int directory_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (int i = 0; i < count; ++i) {
    if (all || names[i]->d_name[0] != '.') {
      print_entry(directory_fd, names[i]->d_name, details);
    }
    std::free(names[i]);
  }
  std::free(names);
  close(directory_fd);
  return 0;
}

}  // namespace

int run_cat(int argc, char** argv) {
  if (argc < 2) {
    return copy_to_stdout(STDIN_FILENO) ? 0 : fail("cat", "standard input");
  }
  int status = 0;
  for (int i = 1; i < argc; ++i) {
    const int fd = open(argv[i], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || !copy_to_stdout(fd)) {
      status = fail("cat", argv[i]);
    }
    if (fd >= 0) {
      close(fd);
    }
  }
  return status;
}

int run_chmod(int argc, char** argv) {
  constexpr char kVia[] = "--via=";
  constexpr std::size_t kViaLength = sizeof kVia - 1;
  const char* via = "chmod";
  int first = 1;
  if (argc > 1 && std::strncmp(argv[1], kVia, kViaLength) == 0) {
    via = argv[1] + kViaLength;
    first = 2;
  }
  char* end = nullptr;
  const unsigned long mode = argc > first ? std::strtoul(argv[first], &end, 8) : 0;
  const bool known = std::strcmp(via, "chmod") == 0 || std::strcmp(via, "fchmodat") == 0 ||
                     std::strcmp(via, "fchmodat2") == 0;
  if (!known || argc < first + 2 || *end != '\0' || mode > 07777) {
    return fail_usage("chmod", "[--via=chmod|fchmodat|fchmodat2] OCTAL_MODE FILE...");
  }
  int status = 0;
  for (int i = first + 1; i < argc; ++i) {
    if (change_mode(via, argv[i], static_cast<unsigned>(mode)) != 0) {
      char what[PATH_MAX + 32];
      std::snprintf(what, sizeof what, "%s(%s, %lo)", via, argv[i], mode);
      status = fail("chmod", what);
    }
  }
  return status;
}

int run_ln(int argc, char** argv) {
  const bool symbolic = argc > 1 && std::strcmp(argv[1], "-s") == 0;
  const int first = symbolic ? 2 : 1;
  if (argc != first + 2) {
    return fail_usage("ln", "[-s] TARGET LINK");
  }
  const char* target = argv[first];
  const char* path = argv[first + 1];
  const int result = symbolic ? symlink(target, path) : link(target, path);
  return result == 0 ? 0 : fail("ln", path);
}

int run_ls(int argc, char** argv) {
  bool all = false;
  bool details = false;
  int first = 1;
  for (; first < argc && argv[first][0] == '-'; ++first) {
    for (const char* letter = argv[first] + 1; *letter != '\0'; ++letter) {
      if (*letter == 'a') {
        all = true;
      } else if (*letter == 'l') {
        details = true;
      } else {
        return fail_usage("ls", "[-a] [-l] [PATH]...");
      }
    }
  }
  if (first == argc) {
    return list_path(".", all, details);
  }
  int status = 0;
  for (int i = first; i < argc; ++i) {
    if (argc - first > 1) {
      std::printf("%s%s:\n", i > first ? "\n" : "", argv[i]);
    }
    status |= list_path(argv[i], all, details);
  }
  return status;
}

int run_mkdir(int argc, char** argv) {
  if (argc < 2) {
    return fail_usage("mkdir", "DIRECTORY...");
  }
  int status = 0;
  for (int i = 1; i < argc; ++i) {
    if (mkdir(argv[i], 0777) != 0) {
      status = fail("mkdir", argv[i]);
    }
  }
  return status;
}

int run_stat(int argc, char** argv) {
  if (argc < 2) {
    return fail_usage("stat", "PATH...");
  }
  int status = 0;
  for (int i = 1; i < argc; ++i) {
    struct stat entry {};
    if (lstat(argv[i], &entry) != 0) {
      status = fail("stat", argv[i]);
      continue;
    }
    char mode[11];
    render_mode(entry.st_mode, mode);
    std::printf("%s: %s (%04o) uid=%u gid=%u size=%lld links=%lu inode=%llu device=%u:%u", argv[i],
                mode, entry.st_mode & 07777U, entry.st_uid, entry.st_gid,
                static_cast<long long>(entry.st_size), static_cast<unsigned long>(entry.st_nlink),
                static_cast<unsigned long long>(entry.st_ino), major(entry.st_dev),
                minor(entry.st_dev));
    if (S_ISCHR(entry.st_mode) || S_ISBLK(entry.st_mode)) {
      std::printf(" node=%u:%u", major(entry.st_rdev), minor(entry.st_rdev));
    }
    std::putchar('\n');
  }
  return status;
}

int run_touch(int argc, char** argv) {
  if (argc < 2) {
    return fail_usage("touch", "FILE...");
  }
  int status = 0;
  for (int i = 1; i < argc; ++i) {
    const int fd = open(argv[i], O_WRONLY | O_CREAT | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0666);
    if (fd < 0 || futimens(fd, nullptr) != 0) {
      status = fail("touch", argv[i]);
    }
    if (fd >= 0) {
      close(fd);
    }
  }
  return status;
}

// One write(2) with all of the text: files of /proc and of cgroups take a setting as one piece.
int run_write(int argc, char** argv) {
  const bool append = argc > 1 && std::strcmp(argv[1], "-a") == 0;
  const int first = append ? 2 : 1;
  if (argc != first + 2) {
    return fail_usage("write", "[-a] FILE TEXT");
  }
  char line[65536];
  const int length = std::snprintf(line, sizeof line, "%s\n", argv[first + 1]);
  if (length < 0 || static_cast<std::size_t>(length) >= sizeof line) {
    errno = E2BIG;
    return fail("write", argv[first]);
  }
  const int fd =
      open(argv[first], O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0666);
  if (fd < 0) {
    return fail("write", argv[first]);
  }
  const ssize_t written = write(fd, line, static_cast<std::size_t>(length));
  const int status = written == length ? 0 : fail("write", argv[first]);
  close(fd);
  return status;
}

}  // namespace boxrun::toolbox
