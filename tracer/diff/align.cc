#include "tracer/diff/align.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace boxtrace::diff {
namespace {

/// Positions of the steps of one process, in their order.
using Lane = std::vector<std::size_t>;

/// The share of fact items that both have, from 0 to 10.
int likeness(const Step& left, const Step& right) {
  const std::vector<std::string> a = fact_items(left);
  const std::vector<std::string> b = fact_items(right);
  if (a.empty() && b.empty()) {
    return 10;
  }
  const auto common =
      static_cast<std::size_t>(std::count_if(a.begin(), a.end(), [&](const std::string& item) {
        return std::find(b.begin(), b.end(), item) != b.end();
      }));
  return static_cast<int>(10 * common / (a.size() + b.size() - common));
}

/// How well two steps fit together; 0: not at all. Kind comes before all else, the facts before the
/// name of the process.
int fit(const Step& left, const Step& right) {
  if (left.id != right.id) {
    return 0;
  }
  return 20 + likeness(left, right) + (left.role == right.role ? 6 : 0);
}

class Aligner {
 public:
  Aligner(const std::vector<Step>& left, const std::vector<Step>& right)
      : left_(left), right_(right), partner_(left.size()), taken_(right.size(), false) {}

  std::vector<Pairing> run() {
    const std::vector<Lane> left_lanes = lanes_of(left_);
    const std::vector<Lane> right_lanes = lanes_of(right_);
    for (const auto& [i, j] : match_lanes(left_lanes, right_lanes)) {
      align_lane(left_lanes[i], right_lanes[j]);
    }
    pair_leftovers();
    return pairings();
  }

 private:
  struct Partner {
    std::size_t right = 0;
    bool moved = false;
  };
  /// best[i][j]: the highest score of the tails that begin at i and j.
  using Scores = std::vector<std::vector<int>>;

  static std::vector<Lane> lanes_of(const std::vector<Step>& steps) {
    std::vector<Lane> lanes;
    std::map<std::uint32_t, std::size_t> lane_of;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const auto [place, fresh] = lane_of.emplace(steps[i].process, lanes.size());
      if (fresh) {
        lanes.emplace_back();
      }
      lanes[place->second].push_back(i);
    }
    return lanes;
  }

  [[nodiscard]] Scores score_tails(const Lane& a, const Lane& b) const {
    Scores best(a.size() + 1, std::vector<int>(b.size() + 1, 0));
    for (std::size_t i = a.size(); i-- > 0;) {
      for (std::size_t j = b.size(); j-- > 0;) {
        best[i][j] = std::max(best[i + 1][j], best[i][j + 1]);
        if (const int score = fit(left_[a[i]], right_[b[j]]); score > 0) {
          best[i][j] = std::max(best[i][j], score + best[i + 1][j + 1]);
        }
      }
    }
    return best;
  }

  /// The best-fitting lanes first; among equals those that came about at the same time.
  [[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> match_lanes(
      const std::vector<Lane>& a, const std::vector<Lane>& b) const {
    std::vector<std::tuple<int, std::size_t, std::size_t, std::size_t>> candidates;
    for (std::size_t i = 0; i < a.size(); ++i) {
      for (std::size_t j = 0; j < b.size(); ++j) {
        if (const int score = score_tails(a[i], b[j])[0][0]; score > 0) {
          candidates.emplace_back(-score, i > j ? i - j : j - i, i, j);
        }
      }
    }
    std::sort(candidates.begin(), candidates.end());
    std::vector<bool> left_used(a.size(), false);
    std::vector<bool> right_used(b.size(), false);
    std::vector<std::pair<std::size_t, std::size_t>> matches;
    for (const auto& [score, distance, i, j] : candidates) {
      if (!left_used[i] && !right_used[j]) {
        left_used[i] = right_used[j] = true;
        matches.emplace_back(i, j);
      }
    }
    return matches;
  }

  void align_lane(const Lane& a, const Lane& b) {
    const Scores best = score_tails(a, b);
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < a.size() && j < b.size()) {
      const int score = fit(left_[a[i]], right_[b[j]]);
      if (score > 0 && best[i][j] == score + best[i + 1][j + 1]) {
        pair(a[i++], b[j++], /*moved=*/false);
      } else if (best[i][j] == best[i + 1][j]) {
        ++i;
      } else {
        ++j;
      }
    }
    for (const std::size_t lone : a) {
      const auto moved = std::find_if(b.begin(), b.end(), [&](std::size_t other) {
        return !partner_[lone] && !taken_[other] && same_step(left_[lone], right_[other]);
      });
      if (moved != b.end()) {
        pair(lone, *moved, /*moved=*/true);
      }
    }
  }

  /// Across processes: an equal step first, else the one that fits best.
  void pair_leftovers() {
    for (std::size_t i = 0; i < left_.size(); ++i) {
      if (partner_[i]) {
        continue;
      }
      std::optional<std::size_t> best;
      for (std::size_t j = 0; j < right_.size(); ++j) {
        const int score = taken_[j] ? 0 : fit(left_[i], right_[j]);
        if (score > 0 && (!best || score > fit(left_[i], right_[*best]))) {
          best = j;
        }
      }
      if (best) {
        pair(i, *best, /*moved=*/false);
      }
    }
  }

  [[nodiscard]] std::vector<Pairing> pairings() const {
    std::vector<Pairing> pairs;
    for (std::size_t i = 0; i < left_.size(); ++i) {
      Pairing& entry = pairs.emplace_back();
      entry.left = i;
      if (partner_[i]) {
        entry.right = partner_[i]->right;
        entry.moved = partner_[i]->moved;
      }
    }
    for (std::size_t j = 0; j < right_.size(); ++j) {
      if (!taken_[j]) {
        pairs.push_back({std::nullopt, j, false});
      }
    }
    return pairs;
  }

  void pair(std::size_t left, std::size_t right, bool moved) {
    partner_[left] = Partner{right, moved};
    taken_[right] = true;
  }

  const std::vector<Step>& left_;
  const std::vector<Step>& right_;
  std::vector<std::optional<Partner>> partner_;  ///< by left position
  std::vector<bool> taken_;                      ///< by right position
};

}  // namespace

bool same_step(const Step& left, const Step& right) {
  return left.id == right.id && left.role == right.role && left.facts == right.facts;
}

std::vector<Pairing> align(const std::vector<Step>& left, const std::vector<Step>& right) {
  return Aligner(left, right).run();
}

}  // namespace boxtrace::diff
