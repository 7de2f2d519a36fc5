#include "runtime/criu/rpc.h"

#include "runtime/criu/protobuf.h"

namespace boxrun::criu {
namespace {

std::string render(RequestType type, const MessageWriter* options, std::uint32_t field) {
  MessageWriter request;
  request.add_number(1, static_cast<std::int64_t>(type));
  if (options != nullptr) {
    request.add_message(field, *options);
  }
  return request.bytes();
}

void add_some_text(MessageWriter& message, std::uint32_t field, const std::string& text) {
  if (!text.empty()) {
    message.add_text(field, text);
  }
}

void add_flag(MessageWriter& message, std::uint32_t field, bool flag) {
  if (flag) {
    message.add_number(field, 1);
  }
}

void add_pairs(MessageWriter& message, std::uint32_t field, const std::vector<Pair>& pairs) {
  for (const Pair& pair : pairs) {
    MessageWriter both;
    both.add_text(1, pair.key);
    both.add_text(2, pair.value);
    message.add_message(field, both);
  }
}

void add_descriptors(MessageWriter& message, const Options& options) {
  message.add_number(1, options.images_fd);
  if (options.work_fd >= 0) {
    message.add_number(17, options.work_fd);
  }
  for (const InheritedFd& inherited : options.inherited) {
    MessageWriter both;
    both.add_text(1, inherited.key);
    both.add_number(2, inherited.fd);
    message.add_message(27, both);
  }
}

void parse_notification(std::string_view bytes, Answer& answer) {
  const auto fields = parse_message(bytes);
  for (const Field& field : fields.ok() ? fields.value() : std::vector<Field>{}) {
    if (field.number == 1) {
      answer.script = field.bytes;
    } else if (field.number == 2) {
      answer.pid = static_cast<int>(field.value);
    }
  }
}

void parse_features(std::string_view bytes, Answer& answer) {
  const auto fields = parse_message(bytes);
  for (const Field& field : fields.ok() ? fields.value() : std::vector<Field>{}) {
    answer.can_track_memory |= field.number == 1 && field.value != 0;
  }
}

void parse_version(std::string_view bytes, Answer& answer) {
  const auto fields = parse_message(bytes);
  for (const Field& field : fields.ok() ? fields.value() : std::vector<Field>{}) {
    const auto number = static_cast<int>(field.value & 0xffff);
    answer.version += field.number == 1   ? number * 10'000
                      : field.number == 2 ? number * 100
                      : field.number == 4 ? number
                                          : 0;
  }
}

}  // namespace

std::optional<CgroupMode> parse_cgroup_mode(std::string_view word) {
  return word == "soft"     ? std::optional{CgroupMode::Soft}
         : word == "full"   ? std::optional{CgroupMode::Full}
         : word == "strict" ? std::optional{CgroupMode::Strict}
         : word == "ignore" ? std::optional{CgroupMode::Ignore}
                            : std::nullopt;
}

std::string render_request(RequestType type, const Options& options) {
  constexpr int kVerbose = 4;
  MessageWriter message;
  add_descriptors(message, options);
  if (options.pid != 0) {
    message.add_number(2, options.pid);
  }
  add_flag(message, 3, options.leave_running);
  add_flag(message, 4, options.external_unix_sockets);
  add_flag(message, 5, options.tcp_established);
  add_flag(message, 6, options.is_restore);  // evasive_devices
  add_flag(message, 7, options.shell_job);
  add_flag(message, 8, options.file_locks);
  message.add_number(9, kVerbose);
  add_some_text(message, 10, options.log_file);
  if (!options.page_server.empty()) {
    MessageWriter server;
    server.add_text(1, options.page_server);
    server.add_number(2, options.page_server_port);
    message.add_message(11, server);
  }
  message.add_number(12, 1);  // notify_scripts
  add_some_text(message, 13, options.root);
  add_some_text(message, 14, options.parent_images);
  add_flag(message, 15, options.track_memory);
  add_flag(message, 16, options.auto_dedup);
  add_pairs(message, 23, options.external_mounts);
  message.add_number(24, 1);  // manage_cgroups, for versions that do not know the mode
  add_pairs(message, 25, options.cgroup_roots);
  add_flag(message, 26, options.is_restore);  // rst_sibling
  message.add_number(34, static_cast<std::int64_t>(options.cgroups));
  for (const std::string& external : options.external) {
    message.add_text(37, external);
  }
  if (options.empty_namespaces != 0) {
    message.add_number(38, options.empty_namespaces);
  }
  add_pairs(message, 39, options.joined);
  add_some_text(message, 44, options.freeze_cgroup);
  message.add_number(50, 1);  // orphan_pts_master
  add_some_text(message, 51, options.config_file);
  add_some_text(message, 53, options.lsm_profile);
  add_some_text(message, 63, options.lsm_mount_context);
  return render(type, &message, 2);
}

std::string render_feature_request() {
  MessageWriter features;
  features.add_number(1, 1);
  return render(RequestType::FeatureCheck, &features, 5);
}

std::string render_reply(bool success) {
  MessageWriter reply;
  reply.add_number(1, static_cast<std::int64_t>(RequestType::Notify));
  reply.add_number(3, success ? 1 : 0);
  return reply.bytes();
}

Result<Answer> parse_answer(std::string_view bytes) {
  TRY(const std::vector<Field> fields, parse_message(bytes));
  Answer answer;
  for (const Field& field : fields) {
    switch (field.number) {
      case 1:
        answer.type = static_cast<int>(field.value);
        break;
      case 2:
        answer.success = field.value != 0;
        break;
      case 4: {  // of a restored container
        const auto inner = parse_message(field.bytes);
        if (inner.ok() && !inner.value().empty()) {
          answer.pid = static_cast<int>(inner.value().front().value);
        }
        break;
      }
      case 5:
        parse_notification(field.bytes, answer);
        break;
      case 7:
        answer.err = static_cast<int>(field.value);
        break;
      case 8:
        parse_features(field.bytes, answer);
        break;
      case 9:
        answer.message = field.bytes;
        break;
      case 10:
        parse_version(field.bytes, answer);
        break;
      default:
        break;
    }
  }
  return answer;
}

}  // namespace boxrun::criu
