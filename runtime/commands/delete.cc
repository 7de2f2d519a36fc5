// `boxrun delete`: removes a stopped container, or with --force any.

#include <fmt/format.h>
#include <regex.h>
#include <signal.h>

#include <array>
#include <memory>
#include <vector>

#include "runtime/commands/options.h"
#include "runtime/commands/removal.h"
#include "runtime/config/parse.h"
#include "tracer/os/file.h"

namespace boxrun::commands {
namespace {

struct Options {
  std::string id;
  bool force = false;
  bool regex = false;
};

/// The config that the container was made from; hooks of it remain to be run. A damaged one must
/// not keep the container from being removed.
config::Config read_config(const state::Entry& entry) {
  const auto text = os::read_file(entry.config_path());
  if (text.ok()) {
    auto parsed = config::parse_config(text.value());
    if (parsed.ok()) {
      return std::move(parsed).value();
    }
  }
  return {};
}

Result<void> remove(const Session& session, const std::string& id, bool force) {
  TRY_OK(config::parse_container_id(id));
  auto locked = session.store.lock(id);
  if (!locked.ok()) {
    // --force promises that afterwards there is no such container: there is none.
    return force && locked.error().what.find("does not exist") != std::string::npos
               ? Result<void>{}
               : std::move(locked).error();
  }
  const state::Entry entry = std::move(locked).value();
  auto read = session.store.read(id);
  if (!read.ok()) {
    // A boxrun that was killed right after mkdir(2) has left an empty directory.
    return force ? entry.remove() : Result<void>{std::move(read).error()};
  }
  const state::State state = std::move(read).value();
  const auto status = state::read_status(state, entry.fifo_path());
  const bool is_alive = status == state::Status::Created || status == state::Status::Running ||
                        status == state::Status::Paused;
  // We hold the lock, so nobody is creating: `creating` is what a killed boxrun has left.
  if (is_alive && !force) {
    return Error{0,
                 fmt::format("container \"{}\" cannot be deleted: it is {}", id,
                             state::render_status(status)),
                 "stop it with `boxrun kill`, or use --force"};
  }
  if (status != state::Status::Stopped && state.pid > 0) {
    ::kill(state.pid, SIGKILL);
    if (status == state::Status::Paused) {
      TRY_OK(cgroup::signal_all(state.cgroup, SIGKILL));
    }
  }
  return destroy(session, entry, state, read_config(entry));
}

Result<std::vector<std::string>> matching_ids(const Session& session, const std::string& pattern) {
  regex_t compiled{};
  const int wrong = ::regcomp(&compiled, pattern.c_str(), REG_EXTENDED | REG_NOSUB);
  if (wrong != 0) {
    std::array<char, 128> reason{};
    ::regerror(wrong, &compiled, reason.data(), reason.size());
    return Error{0, fmt::format("--regex {}: {}", base::quote(pattern), reason.data()), {}};
  }
  const auto release = [](regex_t* expression) { ::regfree(expression); };
  const std::unique_ptr<regex_t, decltype(release)> owner{&compiled, release};
  TRY(std::vector<std::string> ids, session.store.ids());
  std::erase_if(ids, [&compiled](const std::string& id) {
    return ::regexec(&compiled, id.c_str(), 0, nullptr, 0) != 0;
  });
  return ids;
}

/// One that cannot be deleted does not save the others.
int remove_all(const Session& session, const Options& options) {
  std::vector<std::string> ids{options.id};
  if (options.regex) {
    auto matching = matching_ids(session, options.id);
    if (!matching.ok()) {
      return fail(session, matching.error());
    }
    ids = std::move(matching).value();
  }
  int status = 0;
  for (const std::string& id : ids) {
    const auto removed = remove(session, id, options.force);
    if (!removed.ok()) {
      status = fail(session, removed.error());
    }
  }
  return status;
}

}  // namespace

void add_delete(CLI::App& app, Verb& chosen) {
  CLI::App* verb = app.add_subcommand("delete", "remove a stopped container");
  const auto options = std::make_shared<Options>();
  verb->add_option("id", options->id, "the container")->required();
  verb->add_flag("-f,--force", options->force, "kill it first if it runs");
  verb->add_flag("--regex", options->regex, "all whose id matches, an extended expression");
  verb->callback([options, &chosen] {
    chosen = [options](const Session& session) { return remove_all(session, *options); };
  });
}

}  // namespace boxrun::commands
