#pragma once
// Decision diagrams: functions of the 512 bits of a filter's input, in a form in which equal
// functions are the same object.
//
// A node asks for one bit and has two successors, for 0 and 1. On every path the bits come in one
// fixed order, no node has two equal successors, and no two nodes are alike. Then the node at the
// top identifies the function: two filters are the same policy exactly when their nodes are. The
// ends are `false` and `true` for conditions, and numbers for answers. (Literature: R. E. Bryant,
// "Graph-Based Algorithms for Boolean Function Manipulation", 1986; multi-terminal diagrams:
// Fujita et al. 1997; irredundant sums of products: Minato 1992.)
//
// A function may need more nodes than there is memory, and an operation on two functions as many
// steps as the product of their nodes. There are limits to both; once one is reached, all
// operations return `kFalse`, `overflowed` holds, and nothing made since the last `mark` is good.
// Nothing is freed but by `rollback`.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace boxtrace::bpf {

/// A function. Only valid with the Diagram that made it.
using Node = std::uint32_t;
/// The position of a bit in the order.
using Level = std::uint32_t;

class Diagram {
 public:
  static constexpr Node kFalse = 0;
  static constexpr Node kTrue = 1;
  static constexpr Level kEnd = 0xfffffff0;  ///< the level of every end

  explicit Diagram(std::size_t node_limit);

  /// The end that answers `value`.
  [[nodiscard]] Node answer(std::uint64_t value);
  /// The condition "the bit at `level` is 1".
  [[nodiscard]] Node bit(Level level) { return node(level, kFalse, kTrue); }
  /// The function that is `low` where the bit is 0 and `high` where it is 1. Both must only ask
  /// for bits behind `level`.
  [[nodiscard]] Node node(Level level, Node low, Node high);

  /// `then` where the condition holds, `otherwise` elsewhere.
  [[nodiscard]] Node choose(Node condition, Node then, Node otherwise);
  [[nodiscard]] Node conjunction(Node a, Node b) { return choose(a, b, kFalse); }
  [[nodiscard]] Node disjunction(Node a, Node b) { return choose(a, kTrue, b); }
  [[nodiscard]] Node negation(Node a) { return choose(a, kFalse, kTrue); }
  [[nodiscard]] Node difference(Node a, Node b) { return choose(b, kFalse, a); }
  [[nodiscard]] Node exclusive(Node a, Node b);
  /// The condition "both functions have the same answer".
  [[nodiscard]] Node same(Node a, Node b);
  /// Applies `merge` to the answers of two functions.
  [[nodiscard]] Node combine(
      Node a, Node b, const std::function<std::uint64_t(std::uint64_t, std::uint64_t)>& merge);
  /// Replaces each end, a condition's included, and each node at a level of at least `from`, by
  /// what `replace` says.
  [[nodiscard]] Node replace(Node root, Level from, const std::function<Node(Node)>& replace);

  [[nodiscard]] bool is_end(Node n) const { return nodes_[n].level >= kEnd; }
  [[nodiscard]] Level level(Node n) const { return nodes_[n].level; }
  [[nodiscard]] Node low(Node n) const { return nodes_[n].low; }
  [[nodiscard]] Node high(Node n) const { return nodes_[n].high; }
  /// The answer at an end.
  [[nodiscard]] std::uint64_t value(Node n) const;
  /// The end that an input leads to; `bit_of` tells the bit at a level.
  [[nodiscard]] Node follow(Node root, const std::function<bool(Level)>& bit_of) const;
  /// All answers that `root` has, in the order in which they are met.
  [[nodiscard]] std::vector<Node> ends(Node root) const;
  /// Nodes below `root`, ends included.
  [[nodiscard]] std::size_t count(Node root) const;
  /// The levels that the function depends on, ascending.
  [[nodiscard]] std::vector<Level> support(Node root) const;

  /// A product of literals: the value of some bits.
  struct Literal {
    Level level = 0;
    bool value = false;
  };
  using Cube = std::vector<Literal>;
  /// Cubes whose union is the condition, none of which could be left out; nothing if there are more
  /// than `at_most`.
  [[nodiscard]] std::optional<std::vector<Cube>> cubes(Node condition, std::size_t at_most);

  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] bool overflowed() const { return overflowed_; }
  /// How often an operation has looked at nodes that it had not just looked at.
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  static constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};
  /// No operation may go beyond this many nodes or steps, counted from the diagram's beginning.
  void set_limits(std::size_t nodes, std::uint64_t steps) {
    node_limit_ = nodes;
    step_limit_ = steps;
  }
  /// Forgets all nodes made since there were `mark`, and that it overflowed.
  void rollback(std::size_t mark);

 private:
  struct Stored {
    Level level;
    Node low;
    Node high;
    Node next;  ///< in the chain of its bucket
  };
  struct Remembered {
    Node a, b, c, result;
  };
  enum class Binary : Node { Same = 0xffffff00, Exclusive };

  [[nodiscard]] bool may_step();
  [[nodiscard]] Node find_or_add(Level level, Node low, Node high);
  [[nodiscard]] Remembered& memory_of(Node a, Node b, Node c);
  [[nodiscard]] Node binary(Binary op, Node a, Node b);
  void grow();
  [[nodiscard]] Node sum_of_products(Node lower, Node upper, Cube& path, std::vector<Cube>& out,
                                     std::size_t at_most, bool& failed);

  std::vector<Stored> nodes_;
  std::vector<Node> buckets_;
  std::vector<Remembered> memory_;
  std::size_t node_limit_;
  std::uint64_t step_limit_ = kNoLimit;
  std::uint64_t steps_ = 0;
  bool overflowed_ = false;
};

}  // namespace boxtrace::bpf
