// `boxrun bundle DIR`: a bundle that runs without any image: a root filesystem of one static
// program with many names, and a config.json.

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "runtime/commands/options.h"
#include "runtime/commands/program_output.h"
#include "runtime/config/default_spec.h"
#include "tracer/os/file.h"

namespace boxrun::commands {
namespace {

struct Options {
  std::string directory;
  bool busybox = false;
  bool rootless = false;
  std::vector<std::string> args;
};

/// Where the toolbox lies: beside boxrun in the build tree, below libexec when installed.
Result<std::string> find_toolbox() {
  TRY(const std::string self, os::read_link("/proc/self/exe"));
  const std::string here = self.substr(0, self.rfind('/'));
  const std::array candidates = {here + "/toolbox/boxrun-toolbox",
                                 here + "/../libexec/boxrun/boxrun-toolbox"};
  for (const std::string& candidate : candidates) {
    if (::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
  }
  return Error{ENOENT, fmt::format("boxrun-toolbox is not beside {}", self),
               "build it (target boxrun_toolbox), or use --busybox"};
}

Result<std::string> find_busybox() {
  for (const char* candidate : {"/bin/busybox", "/usr/bin/busybox"}) {
    if (::access(candidate, X_OK) == 0) {
      return std::string{candidate};
    }
  }
  return Error{ENOENT, "busybox is not installed",
               "install busybox-static, or leave --busybox out for boxrun's own toolbox"};
}

/// One name a line.
Result<std::vector<std::string>> read_applets(const std::string& program) {
  TRY(const std::string text, read_output({program, "--list"}));
  std::vector<std::string> names;
  for (const std::string_view line : base::split(text, '\n')) {
    if (!line.empty() && line.find('/') == std::string_view::npos) {
      names.emplace_back(line);
    }
  }
  if (names.empty()) {
    return Error{0, fmt::format("{} --list did not name its applets", program), {}};
  }
  return names;
}

Result<void> make_directory(const std::string& path, mode_t mode = 0755) {
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
    return os::errno_error(fmt::format("mkdir({})", base::quote(path)));
  }
  // Not what the umask of the caller leaves: the container's user must be able to look in.
  return ::chmod(path.c_str(), mode) == 0
             ? Result<void>{}
             : os::errno_error(fmt::format("chmod({})", base::quote(path)));
}

Result<void> copy_program(const std::string& from, const std::string& to) {
  TRY(const std::string bytes, os::read_file(from));
  TRY_OK(os::write_file(to, bytes, 0755));
  return ::chmod(to.c_str(), 0755) == 0
             ? Result<void>{}
             : os::errno_error(fmt::format("chmod({})", base::quote(to)));
}

Result<void> make_rootfs(const std::string& rootfs, const std::string& program,
                         const std::string& name) {
  TRY_OK(make_directory(rootfs));
  for (const char* directory : {"bin", "dev", "etc", "proc", "root", "sys", "tmp"}) {
    const bool is_tmp = std::string_view{directory} == "tmp";
    TRY_OK(make_directory(fmt::format("{}/{}", rootfs, directory), is_tmp ? 01777 : 0755));
  }
  TRY_OK(copy_program(program, fmt::format("{}/bin/{}", rootfs, name)));
  TRY(const auto applets, read_applets(program));
  for (const std::string& applet : applets) {
    const std::string link = fmt::format("{}/bin/{}", rootfs, applet);
    if (applet != name && ::symlink(name.c_str(), link.c_str()) != 0 && errno != EEXIST) {
      return os::errno_error(fmt::format("symlink({})", base::quote(link)));
    }
  }
  TRY_OK(os::write_file(rootfs + "/etc/passwd",
                        "root:x:0:0:root:/root:/bin/sh\n"
                        "nobody:x:65534:65534:nobody:/:/bin/false\n"));
  TRY_OK(os::write_file(rootfs + "/etc/group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"));
  return os::write_file(rootfs + "/etc/hostname", "boxrun\n");
}

Result<void> make_bundle(const Options& options) {
  TRY(const std::string program, options.busybox ? find_busybox() : find_toolbox());
  const std::string file = options.directory + "/config.json";
  if (::access(file.c_str(), F_OK) == 0) {
    return Error{EEXIST, fmt::format("{} is there already", file),
                 "name a new directory, or remove the old bundle"};
  }
  TRY_OK(make_directory(options.directory));
  TRY_OK(make_rootfs(options.directory + "/rootfs", program,
                     options.busybox ? "busybox" : "boxrun-toolbox"));
  config::SpecRequest request;
  request.args = options.args;
  if (request.args.empty()) {
    // The toolbox has no shell: it introduces itself instead.
    request.args =
        options.busybox ? std::vector<std::string>{"sh"} : std::vector<std::string>{"ps"};
  }
  if (options.rootless) {
    request.rootless = config::SpecRequest::Rootless{::geteuid(), ::getegid()};
  }
  return os::write_file(file, config::render_default_spec(request));
}

}  // namespace

void add_bundle(CLI::App& app, Verb& chosen) {
  CLI::App* verb = app.add_subcommand("bundle", "make a bundle that runs without an image");
  const auto options = std::make_shared<Options>();
  verb->add_option("directory", options->directory, "to make")->required();
  verb->add_flag("--busybox", options->busybox, "with the host's busybox instead of the toolbox");
  verb->add_flag("--rootless", options->rootless, "for an ordinary user");
  verb->add_option("args", options->args, "program and arguments, after --");
  verb->callback([options, &chosen] {
    chosen = [options](const Session& session) {
      const auto made = make_bundle(*options);
      return made.ok() ? 0 : fail(session, made.error());
    };
  });
}

}  // namespace boxrun::commands
