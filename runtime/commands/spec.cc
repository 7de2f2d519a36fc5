// `boxrun spec`: a config.json to start from.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "runtime/cgroup/cgroup.h"
#include "runtime/commands/options.h"
#include "runtime/config/default_spec.h"
#include "tracer/os/file.h"

namespace boxrun::commands {
namespace {

struct Options {
  std::string bundle = ".";
  bool rootless = false;
};

Result<void> write_spec(const Options& options) {
  config::SpecRequest request;
  // As other runtimes have it: a shell that somebody types to; and programs that read limits from
  // cgroup v1 look for its paths in /proc/self/cgroup, which a namespace would hide.
  request.terminal = true;
  request.cgroup_namespace = cgroup::is_version2_alone();
  if (options.rootless) {
    request.rootless = config::SpecRequest::Rootless{::geteuid(), ::getegid()};
  }
  const std::string path = options.bundle + "/config.json";
  auto file = os::open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (!file.ok()) {
    Error error = std::move(file).error();
    if (error.err == EEXIST) {
      error.hint = "move it away first: spec does not replace a config.json";
    }
    return error;
  }
  return os::write_all(file.value(), config::render_default_spec(request));
}

}  // namespace

void add_spec(CLI::App& app, Verb& chosen) {
  CLI::App* verb = app.add_subcommand("spec", "write a config.json to start from");
  const auto options = std::make_shared<Options>();
  verb->add_option("-b,--bundle", options->bundle, "directory to write to (default: .)");
  verb->add_flag("--rootless", options->rootless, "one that an ordinary user can run");
  verb->callback([options, &chosen] {
    chosen = [options](const Session& session) {
      const auto written = write_spec(*options);
      return written.ok() ? 0 : fail(session, written.error());
    };
  });
}

}  // namespace boxrun::commands
