#include "tests/support/bundle.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "tracer/os/file.h"

namespace boxtrace::test {
namespace {

constexpr const char* kBusybox = "/bin/busybox";

}  // namespace

base::Result<std::unique_ptr<Bundle>> Bundle::make(const std::vector<std::string>& args) {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "boxtrace-bundle-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    return os::errno_error("mkdtemp()");
  }
  std::unique_ptr<Bundle> bundle{new Bundle{pattern}};
  std::error_code failed;
  std::filesystem::create_directories(bundle->path() + "/rootfs/bin", failed);
  std::filesystem::copy_file(kBusybox, bundle->path() + "/rootfs" + kBusybox, failed);
  if (failed) {
    return base::Error{failed.value(), std::string{"copy "} + kBusybox, "install busybox-static"};
  }
  const std::string spec = fmt::format("cd '{}' && runc spec", bundle->path());
  if (std::system(spec.c_str()) != 0) {
    return base::Error{0, "runc spec failed", "install runc"};
  }
  const std::string path = bundle->path() + "/config.json";
  TRY(const std::string text, os::read_file(path));
  auto config = nlohmann::json::parse(text, nullptr, false);
  if (!config.is_object()) {
    return base::Error{0, "runc spec wrote no JSON object", {}};
  }
  config["process"]["terminal"] = false;
  config["process"]["args"] = args;
  TRY_OK(os::write_file(path, config.dump(2)));
  return bundle;
}

Bundle::~Bundle() {
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

}  // namespace boxtrace::test
