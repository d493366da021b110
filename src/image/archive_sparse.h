// Sparse files in tar archives: which stored bytes go where. Pure.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace image {

struct SparsePiece {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  friend bool operator==(const SparsePiece&, const SparsePiece&) = default;
};
using SparseMap = std::vector<SparsePiece>;

inline constexpr std::size_t kMostSparsePieces = 1U << 20;

// From offset, length, offset, length …
base::Result<SparseMap> sparse_map_from(const std::vector<std::int64_t>& numbers);

// Adds the pieces of `count` 24-byte slots of an old GNU header or its extension block; an empty
// slot ends them.
base::Status add_gnu_slots(std::string_view slots, std::size_t count, SparseMap& out);

// Pieces in ascending order that do not overlap, within a file of `size` bytes, and together
// exactly `stored` bytes; Kind::Config otherwise.
base::Status check_sparse(const SparseMap& map, std::uint64_t size, std::uint64_t stored);

// Form 1.0: the map stands in front of the content, as decimal lines, first the number of pieces.
class SparseMapText {
 public:
  // Takes the next byte.
  base::Status take(char c);
  // Whether all of the map has been taken (the rest of its block is padding).
  bool complete() const { return counted_ && left_ == 0; }
  base::Result<SparseMap> map() const { return sparse_map_from(numbers_); }

 private:
  bool counted_ = false;
  std::uint64_t left_ = 0;  // numbers still to come
  int digits_ = 0;
  std::int64_t value_ = 0;
  std::vector<std::int64_t> numbers_{};
};

}  // namespace image
