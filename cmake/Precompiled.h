// The headers that nearly every file of ours includes, compiled once per component. A file must
// still include what it uses: the clang presets compile without this one.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>
