#include "runtime/toolbox/applet.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace boxrun::toolbox {

int fail(const char* applet, const char* what) {
  const int err = errno;
  std::fprintf(stderr, "%s: %s: %s (%s)\n", applet, what, strerrordesc_np(err),
               strerrorname_np(err));
  return 1;
}

int fail_usage(const char* applet, const char* usage) {
  std::fprintf(stderr, "usage: %s %s\n", applet, usage);
  return 2;
}

bool parse_number(const char* text, long* number) {
  char* end = nullptr;
  errno = 0;
  *number = std::strtol(text, &end, 10);
  return errno == 0 && end != text && *end == '\0';
}

long read_text(const char* path, char* buffer, std::size_t capacity) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return -1;
  }
  std::size_t length = 0;
  while (length + 1 < capacity) {
    const ssize_t got = read(fd, buffer + length, capacity - 1 - length);
    if (got < 0) {
      const int err = errno;
      close(fd);
      errno = err;
      return -1;
    }
    if (got == 0) {
      break;
    }
    length += static_cast<std::size_t>(got);
  }
  close(fd);
  buffer[length] = '\0';
  return static_cast<long>(length);
}

bool find_status_field(const char* status, const char* key, char* value, std::size_t capacity) {
  const std::size_t key_length = std::strlen(key);
  for (const char* line = status; *line != '\0';) {
    const std::size_t line_length = std::strcspn(line, "\n");
    if (line_length > key_length && std::strncmp(line, key, key_length) == 0 &&
        line[key_length] == ':') {
      const char* start = line + key_length + 1;
      start += std::strspn(start, " \t");
      std::snprintf(value, capacity, "%.*s", static_cast<int>(line + line_length - start), start);
      return true;
    }
    line += line_length;
    line += (*line == '\n') ? 1 : 0;
  }
  return false;
}

}  // namespace boxrun::toolbox
