// Stands in for libFuzzer where there is none: gives the target the empty input and then each file
// of the directories named on the command line, in the order of their names. A finding is a crash.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size);

namespace {

std::vector<std::filesystem::path> files_below(const std::filesystem::path& directory,
                                               std::error_code& failure) {
  std::vector<std::filesystem::path> files;
  for (std::filesystem::recursive_directory_iterator entry(directory, failure), end;
       !failure && entry != end; entry.increment(failure)) {
    if (entry->is_regular_file()) {
      files.push_back(entry->path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

void replay(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  // Printed first and flushed, so that the last line before a crash names the culprit.
  std::printf("%s (%zu bytes)\n", path.filename().c_str(), bytes.size());
  std::fflush(stdout);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint8_t nothing = 0;
  LLVMFuzzerTestOneInput(&nothing, 0);
  std::size_t replayed = 0;
  for (int i = 1; i < argc; ++i) {
    std::error_code failure;
    const std::vector<std::filesystem::path> files = files_below(argv[i], failure);
    if (failure || files.empty()) {
      std::fprintf(stderr,
                   "no corpus in %s: add at least one input that gets past the first check\n",
                   argv[i]);
      return 1;
    }
    std::for_each(files.begin(), files.end(), replay);
    replayed += files.size();
  }
  std::printf("replayed %zu inputs\n", replayed);
  return 0;
}
