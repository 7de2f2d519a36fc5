// Which devices a container has on cgroup v2: a program says so, which is attached to its group.
// It is told when it is attached, as runtimes also load programs only to see whether they can.

#include <map>
#include <utility>

#include "decoders/bpf/device_program.h"
#include "tracer/base/text.h"
#include "tracer/timeline/rules/rules.h"

namespace boxtrace::timeline {
namespace {

constexpr std::uint32_t kProgramLoad = 5;  // linux/bpf.h: enum bpf_cmd
constexpr std::uint32_t kProgramAttach = 8;
constexpr std::uint32_t kLinkCreate = 28;
constexpr std::uint64_t kProgramType = 15;  // BPF_PROG_TYPE_CGROUP_DEVICE
constexpr std::uint64_t kAttachType = 6;    // BPF_CGROUP_DEVICE

std::optional<std::uint64_t> field(const decoders::Value& attr, std::string_view name) {
  const decoders::Value* value = attr.field(name);
  return value == nullptr ? std::nullopt : value->raw();
}

class DeviceProgramsRule final : public Rule {
 public:
  void on_step(const Step& step, Story& story) override {
    if (step.call == nullptr || step.call->name != "bpf" || step.call->args.size() < 2 ||
        step.syscall->outcome.kind != raw::Outcome::Kind::Returned) {
      return;
    }
    const base::TaskId process = story.process(step.event.task);
    const decoders::Value& attr = step.call->args[1].value;
    switch (static_cast<std::uint32_t>(step.syscall->call.args[0])) {
      case kProgramLoad:
        if (field(attr, "prog_type") == kProgramType) {
          const auto fd = static_cast<std::uint64_t>(step.syscall->outcome.value);
          loaded_.insert_or_assign({process, fd}, read(attr));
        }
        return;
      case kProgramAttach:
        return tell(step, process, attr, "attach_bpf_fd", story);
      case kLinkCreate:
        return tell(step, process, attr, "prog_fd", story);
      default:
        return;
    }
  }

 private:
  static base::Result<bpf::DevicePolicy> read(const decoders::Value& attr) {
    const decoders::Value* instructions = attr.field("insns");
    const auto* text = instructions == nullptr ? nullptr : instructions->as<decoders::Text>();
    if (text == nullptr || text->truncated || text->failure) {
      return base::Error{0, "its instructions were not captured", {}};
    }
    return bpf::read_device_program(base::as_bytes(text->bytes));
  }

  void tell(const Step& step, base::TaskId process, const decoders::Value& attr,
            std::string_view program, Story& story) {
    const auto fd = field(attr, program);
    const auto found = fd ? loaded_.find({process, *fd}) : loaded_.end();
    if (field(attr, "attach_type") != kAttachType || found == loaded_.end()) {
      return;
    }
    Telling line = telling_of(step, story.phase());
    line.text.add("devices, by an eBPF program: ");
    if (const auto& policy = found->second; !policy) {
      line.text.add(Piece::Kind::Bad, "not understood: " + policy.error().what);
    } else {
      std::vector<std::string> rules;
      for (const bpf::DeviceRule& rule : policy.value()) {
        rules.push_back(bpf::render_device_rule(rule));
      }
      line.text.add(rules.empty() ? "none" : base::join(rules, ", "));
      line.facts.emplace_back("rules", base::join(rules, ", "));
    }
    line.milestone = "devices.program";
    story.tell(std::move(line));
    story.explain("devices.program",
                  "cgroup v2 has no devices.allow: a program is asked at each open and mknod.",
                  "bpf(2)");
  }

  std::map<std::pair<base::TaskId, std::uint64_t>, base::Result<bpf::DevicePolicy>> loaded_;
};

}  // namespace

std::unique_ptr<Rule> make_device_programs_rule() { return std::make_unique<DeviceProgramsRule>(); }

}  // namespace boxtrace::timeline
