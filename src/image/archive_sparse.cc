#include "image/archive_sparse.h"

#include "image/archive_header.h"

namespace image {
namespace {

constexpr std::size_t kNumber = 12;  // bytes of each of the two numbers of a slot
constexpr int kMostDigits = 18;      // what surely fits 63 bits

}  // namespace

base::Result<SparseMap> sparse_map_from(const std::vector<std::int64_t>& numbers) {
  if (numbers.size() / 2 > kMostSparsePieces)
    return base::config_error("sparse map of more than ", kMostSparsePieces, " pieces");
  SparseMap out;
  for (std::size_t i = 0; i + 1 < numbers.size(); i += 2)
    out.push_back(
        {static_cast<std::uint64_t>(numbers[i]), static_cast<std::uint64_t>(numbers[i + 1])});
  return out;
}

base::Status add_gnu_slots(std::string_view slots, std::size_t count, SparseMap& out) {
  for (std::size_t i = 0; i < count; ++i) {
    auto slot = slots.substr(2 * kNumber * i, 2 * kNumber);
    if (slot[0] == '\0') return {};
    auto offset = tar_number(slot.substr(0, kNumber));
    auto size = tar_number(slot.substr(kNumber));
    if (!offset || !size || *offset < 0 || *size < 0)
      return base::config_error("sparse map: ", base::quote(slot), " is no piece");
    if (out.size() >= kMostSparsePieces)
      return base::config_error("sparse map of more than ", kMostSparsePieces, " pieces");
    out.push_back({static_cast<std::uint64_t>(*offset), static_cast<std::uint64_t>(*size)});
  }
  return {};
}

base::Status check_sparse(const SparseMap& map, std::uint64_t size, std::uint64_t stored) {
  std::uint64_t end = 0;
  std::uint64_t sum = 0;
  for (const auto& piece : map) {
    // Both are below 2^63: their sum does not overflow.
    if (piece.offset < end || piece.offset + piece.size > size)
      return base::config_error("sparse map: the piece at ", piece.offset, " of ", piece.size,
                                " bytes overlaps another or exceeds the file's ", size);
    end = piece.offset + piece.size;
    sum += piece.size;
  }
  if (sum != stored)
    return base::config_error("sparse map: pieces of ", sum, " bytes, but ", stored, " are stored");
  return {};
}

base::Status SparseMapText::take(char c) {
  if (c == '\n' && digits_ > 0) {
    if (counted_) {
      numbers_.push_back(value_);
      --left_;
    } else {
      if (value_ > static_cast<std::int64_t>(kMostSparsePieces))
        return base::config_error("sparse map of more than ", kMostSparsePieces, " pieces");
      counted_ = true;
      left_ = 2 * static_cast<std::uint64_t>(value_);
    }
    value_ = 0;
    digits_ = 0;
    return {};
  }
  if (c < '0' || c > '9' || ++digits_ > kMostDigits)
    return base::config_error("sparse map: ", base::quote(std::string_view(&c, 1)),
                              " where a number should stand");
  value_ = value_ * 10 + (c - '0');
  return {};
}

}  // namespace image
