#include "decoders/bpf/diagram.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "tracer/base/check.h"

namespace boxtrace::bpf {
namespace {

constexpr Level kConditionEnd = Diagram::kEnd;
constexpr Level kAnswerEnd = Diagram::kEnd + 1;
constexpr Node kNone = 0xffffffff;
constexpr std::size_t kFirstBuckets = 1U << 12;
constexpr std::size_t kMostRemembered = 1U << 19;
constexpr std::size_t kRememberedAStep = 128;  ///< as many are looked through in the time of a step

std::size_t mix(Node a, Node b, Node c) {
  std::uint64_t hash = a * 0x9e3779b97f4a7c15ULL;
  hash ^= (b + 0x7f4a7c15ULL) * 0xbf58476d1ce4e5b9ULL;
  hash ^= (c + 0x1ce4e5b9ULL) * 0x94d049bb133111ebULL;
  hash ^= hash >> 29;
  hash *= 0xbf58476d1ce4e5b9ULL;
  return static_cast<std::size_t>(hash ^ hash >> 32);
}

}  // namespace

Diagram::Diagram(std::size_t node_limit)
    : buckets_(kFirstBuckets, kNone),
      memory_(kFirstBuckets, Remembered{kNone, kNone, kNone, kNone}),
      node_limit_(node_limit) {
  // Pages that are never written to take no memory, and growing would for a moment take it twice.
  nodes_.reserve(node_limit);
  nodes_.push_back({kConditionEnd, 0, 0, kNone});
  nodes_.push_back({kConditionEnd, 1, 0, kNone});
}

bool Diagram::may_step() {
  overflowed_ = overflowed_ || ++steps_ > step_limit_;
  return !overflowed_;
}

Node Diagram::find_or_add(Level level, Node low, Node high) {
  std::size_t bucket = mix(level, low, high) & (buckets_.size() - 1);
  for (Node n = buckets_[bucket]; n != kNone; n = nodes_[n].next) {
    const Stored& stored = nodes_[n];
    if (stored.low == low && stored.high == high && stored.level == level) {
      return n;
    }
  }
  if (nodes_.size() >= node_limit_) {
    overflowed_ = true;
    return kFalse;
  }
  if (nodes_.size() >= buckets_.size()) {
    grow();
    bucket = mix(level, low, high) & (buckets_.size() - 1);
  }
  const auto added = static_cast<Node>(nodes_.size());
  nodes_.push_back({level, low, high, buckets_[bucket]});
  buckets_[bucket] = added;
  return added;
}

void Diagram::grow() {
  buckets_.assign(buckets_.size() * 2, kNone);
  // In the order of their numbers, so that the newest node of a chain is its first: rollback.
  for (Node n = 2; n < nodes_.size(); ++n) {
    const std::size_t bucket =
        mix(nodes_[n].level, nodes_[n].low, nodes_[n].high) & (buckets_.size() - 1);
    nodes_[n].next = buckets_[bucket];
    buckets_[bucket] = n;
  }
  if (memory_.size() < kMostRemembered) {
    memory_.assign(memory_.size() * 2, Remembered{kNone, kNone, kNone, kNone});
  }
}

void Diagram::rollback(std::size_t mark) {
  overflowed_ = false;
  if (mark == nodes_.size()) {
    return;
  }
  while (nodes_.size() > mark) {
    const Stored& last = nodes_.back();
    buckets_[mix(last.level, last.low, last.high) & (buckets_.size() - 1)] = last.next;
    nodes_.pop_back();
  }
  // What is remembered of older nodes stays true. Looking for it takes time, which must be counted
  // where rollbacks are many.
  const auto gone = [mark](Node n) { return n >= mark && n < static_cast<Node>(Binary::Same); };
  for (Remembered& known : memory_) {
    if (gone(known.a) || gone(known.b) || gone(known.c) || gone(known.result)) {
      known = {kNone, kNone, kNone, kNone};
    }
  }
  steps_ += memory_.size() / kRememberedAStep;
}

Diagram::Remembered& Diagram::memory_of(Node a, Node b, Node c) {
  return memory_[mix(c, a, b) & (memory_.size() - 1)];
}

Node Diagram::answer(std::uint64_t value) {
  return find_or_add(kAnswerEnd, static_cast<Node>(value), static_cast<Node>(value >> 32));
}

std::uint64_t Diagram::value(Node n) const {
  BT_CHECK(nodes_[n].level == kAnswerEnd, "a condition was asked for its answer");
  return nodes_[n].low | static_cast<std::uint64_t>(nodes_[n].high) << 32;
}

Node Diagram::node(Level level, Node low, Node high) {
  return low == high ? low : find_or_add(level, low, high);
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as there are bits
Node Diagram::choose(Node condition, Node then, Node otherwise) {
  if (condition == kTrue || then == otherwise) {
    return then;
  }
  if (condition == kFalse) {
    return otherwise;
  }
  if (then == kTrue && otherwise == kFalse) {
    return condition;
  }
  if (then == condition) {
    then = kTrue;  // where the condition is looked at, it holds
  }
  if (otherwise == condition) {
    otherwise = kFalse;
  }
  const Remembered known = memory_of(condition, then, otherwise);
  if (known.a == condition && known.b == then && known.c == otherwise) {
    return known.result;
  }
  if (!may_step()) {
    return kFalse;
  }
  const Level top = std::min({level(condition), level(then), level(otherwise)});
  const auto side = [&](Node n, bool up) { return level(n) != top ? n : up ? high(n) : low(n); };
  const Node below = choose(side(condition, false), side(then, false), side(otherwise, false));
  const Node above = choose(side(condition, true), side(then, true), side(otherwise, true));
  const Node result = node(top, below, above);
  if (!overflowed_) {
    memory_of(condition, then, otherwise) = {condition, then, otherwise, result};
  }
  return result;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as there are bits
Node Diagram::binary(Binary op, Node a, Node b) {
  if (a == b) {
    return op == Binary::Same ? kTrue : kFalse;
  }
  if (op == Binary::Exclusive && (a == kFalse || b == kFalse)) {
    return a == kFalse ? b : a;
  }
  if (is_end(a) && is_end(b)) {
    return op == Binary::Same ? kFalse : kTrue;
  }
  if (a > b) {
    std::swap(a, b);
  }
  const auto key = static_cast<Node>(op);
  const Remembered known = memory_of(a, b, key);
  if (known.a == a && known.b == b && known.c == key) {
    return known.result;
  }
  if (!may_step()) {
    return kFalse;
  }
  const Level top = std::min(level(a), level(b));
  const auto side = [&](Node n, bool up) { return level(n) != top ? n : up ? high(n) : low(n); };
  const Node below = binary(op, side(a, false), side(b, false));
  const Node above = binary(op, side(a, true), side(b, true));
  const Node result = node(top, below, above);
  if (!overflowed_) {
    memory_of(a, b, key) = {a, b, key, result};
  }
  return result;
}

Node Diagram::exclusive(Node a, Node b) { return binary(Binary::Exclusive, a, b); }
Node Diagram::same(Node a, Node b) { return binary(Binary::Same, a, b); }

Node Diagram::combine(Node a, Node b,
                      const std::function<std::uint64_t(std::uint64_t, std::uint64_t)>& merge) {
  std::unordered_map<std::uint64_t, Node> done;
  // NOLINTNEXTLINE(misc-no-recursion): as deep as there are bits
  const std::function<Node(Node, Node)> walk = [&](Node x, Node y) -> Node {
    if (is_end(x) && is_end(y)) {
      return answer(merge(value(x), value(y)));
    }
    const std::uint64_t key = static_cast<std::uint64_t>(x) << 32 | y;
    if (const auto found = done.find(key); found != done.end()) {
      return found->second;
    }
    if (!may_step()) {
      return kFalse;
    }
    const Level top = std::min(level(x), level(y));
    const auto side = [&](Node n, bool up) { return level(n) != top ? n : up ? high(n) : low(n); };
    const Node below = walk(side(x, false), side(y, false));
    const Node above = walk(side(x, true), side(y, true));
    return done[key] = node(top, below, above);
  };
  return walk(a, b);
}

Node Diagram::replace(Node root, Level from, const std::function<Node(Node)>& replacement) {
  std::unordered_map<Node, Node> done;
  // NOLINTNEXTLINE(misc-no-recursion): as deep as there are bits
  const std::function<Node(Node)> walk = [&](Node n) -> Node {
    if (const auto found = done.find(n); found != done.end()) {
      return found->second;
    }
    if (level(n) >= from) {
      return done[n] = replacement(n);
    }
    if (!may_step()) {
      return kFalse;
    }
    const Node below = walk(low(n));
    const Node above = walk(high(n));
    return done[n] = node(level(n), below, above);
  };
  return walk(root);
}

Node Diagram::follow(Node root, const std::function<bool(Level)>& bit_of) const {
  while (!is_end(root)) {
    root = bit_of(level(root)) ? high(root) : low(root);
  }
  return root;
}

namespace {

/// Calls `visit` once for each node below `root`.
template <typename Visit>
void each_node(const Diagram& diagram, Node root, Visit visit) {
  std::unordered_set<Node> seen = {root};
  std::vector<Node> open = {root};
  while (!open.empty()) {
    const Node n = open.back();
    open.pop_back();
    visit(n);
    if (diagram.is_end(n)) {
      continue;
    }
    for (const Node next : {diagram.high(n), diagram.low(n)}) {
      if (seen.insert(next).second) {
        open.push_back(next);
      }
    }
  }
}

}  // namespace

std::vector<Node> Diagram::ends(Node root) const {
  std::vector<Node> found;
  each_node(*this, root, [&](Node n) {
    if (is_end(n)) {
      found.push_back(n);
    }
  });
  return found;
}

std::size_t Diagram::count(Node root) const {
  std::size_t total = 0;
  each_node(*this, root, [&](Node) { ++total; });
  return total;
}

std::vector<Level> Diagram::support(Node root) const {
  std::vector<Level> levels;
  each_node(*this, root, [&](Node n) {
    if (!is_end(n)) {
      levels.push_back(level(n));
    }
  });
  std::sort(levels.begin(), levels.end());
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  return levels;
}

// Cubes that cover `lower` and stay inside `upper`: first those that need the top bit to be 0, then
// those that need it to be 1, then the rest that needs no word about it.
// NOLINTNEXTLINE(misc-no-recursion): as deep as there are bits
Node Diagram::sum_of_products(Node lower, Node upper, Cube& path, std::vector<Cube>& out,
                              std::size_t at_most, bool& failed) {
  if (lower == kFalse || failed || overflowed_) {
    return kFalse;
  }
  if (upper == kTrue) {
    out.push_back(path);
    failed = out.size() > at_most;
    return kTrue;
  }
  const Level top = std::min(level(lower), level(upper));
  const auto side = [&](Node n, bool up) { return level(n) != top ? n : up ? high(n) : low(n); };
  std::array<Node, 2> covered{};
  for (const bool up : {false, true}) {
    const Node only_here = difference(side(lower, up), side(upper, !up));
    path.push_back({top, up});
    covered[up ? 1 : 0] = sum_of_products(only_here, side(upper, up), path, out, at_most, failed);
    path.pop_back();
  }
  const Node rest = disjunction(difference(side(lower, false), covered[0]),
                                difference(side(lower, true), covered[1]));
  const Node shared = sum_of_products(rest, conjunction(side(upper, false), side(upper, true)),
                                      path, out, at_most, failed);
  return node(top, disjunction(covered[0], shared), disjunction(covered[1], shared));
}

std::optional<std::vector<Diagram::Cube>> Diagram::cubes(Node condition, std::size_t at_most) {
  std::vector<Cube> out;
  Cube path;
  bool failed = false;
  const Node covered = sum_of_products(condition, condition, path, out, at_most, failed);
  if (failed || overflowed_) {
    return std::nullopt;
  }
  BT_CHECK(covered == condition, "the cubes of a condition are not the condition");
  return out;
}

}  // namespace boxtrace::bpf
