// bench.binary_trees: trees of collected objects, many short-lived ones beside one that stays. What is measured is
// allocation, and a collector that has the large tree to look through in each cycle.
#include <novelo/novelo.h>

#include <chrono>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace bench {

inline constexpr std::int64_t kTreeDepthMin = 4;
inline constexpr std::int64_t kTreeDepthMax = 24;

struct BinaryTreesRequest {
  std::int64_t depth = 16;
};

struct BinaryTreesReply {
  std::int64_t nodes = 0;
  absl::Duration elapsed;
  std::int64_t cycles = 0;
};

namespace {

constexpr std::int64_t kDepthStep = 4;
// A tree of this depth takes some tens of microseconds: then others go first, and a cancelled task ends.
constexpr std::int64_t kTurnDepth = 10;

struct TreeNode {
  novelo::gc::Ptr<TreeNode> left;
  novelo::gc::Ptr<TreeNode> right;
};
using Tree = novelo::gc::Ptr<TreeNode>;

Tree build(std::int64_t depth) {  // NOLINT(misc-no-recursion)
  if (depth == kTurnDepth) novelo::yield();
  if (depth == 0) return novelo::gc::make<TreeNode>();
  const Tree left = build(depth - 1);
  const Tree right = build(depth - 1);
  return novelo::gc::make<TreeNode>(left, right);
}

std::int64_t count(const Tree& tree, std::int64_t depth) {  // NOLINT(misc-no-recursion)
  if (depth == kTurnDepth) novelo::yield();
  if (!tree->left) return 1;
  return 1 + count(tree->left, depth - 1) + count(tree->right, depth - 1);
}

}  // namespace

absl::StatusOr<BinaryTreesReply> binary_trees(const BinaryTreesRequest& request) {
  if (request.depth < kTreeDepthMin || request.depth > kTreeDepthMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("depth is ", request.depth, "; it must be from ", kTreeDepthMin, " to ", kTreeDepthMax));
  }
  const std::uint64_t cycles_before = novelo::gc::stats().cycles;
  const auto start = std::chrono::steady_clock::now();
  const Tree kept = build(request.depth);
  std::int64_t nodes = 0;
  for (std::int64_t depth = kTreeDepthMin; depth <= request.depth; depth += kDepthStep) {
    const std::int64_t trees = std::int64_t{1} << (request.depth - depth + kTreeDepthMin);
    for (std::int64_t i = 0; i < trees; ++i) nodes += count(build(depth), depth);
  }
  nodes += count(kept, request.depth);
  const absl::Duration elapsed = absl::FromChrono(std::chrono::steady_clock::now() - start);
  return BinaryTreesReply{nodes, elapsed, static_cast<std::int64_t>(novelo::gc::stats().cycles - cycles_before)};
}

}  // namespace bench

NOVELO_TASK(
    bench::binary_trees,
    "Builds and counts binary trees of collected objects while one large tree stays: 2^(depth-d+4) trees of each depth "
    "d of 4, 8, 12 and so on up to depth.");
NOVELO_FIELD_DOC(
    bench::BinaryTreesRequest, depth,
    "Of the tree that stays, from 4 to 24: it has 2^(depth+1)-1 nodes of 16 bytes, half a gigabyte at 24.");
NOVELO_FIELD_DOC(bench::BinaryTreesReply, nodes, "Counted in all trees, the one that stays included.");
NOVELO_FIELD_DOC(bench::BinaryTreesReply, elapsed, "How long it took.");
NOVELO_FIELD_DOC(bench::BinaryTreesReply, cycles, "Cycles of the node's collector meanwhile.");
