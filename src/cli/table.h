// Rows of text in columns.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace cli {

struct Spacing {
  std::size_t least = 9;  // letters of a column
  std::size_t gap = 3;    // blanks between two
};

// Columns as wide as their widest cell, but for the last; rows of equal length, the heading first.
// compat: the usual spacing is runc's
std::string table(const std::vector<std::vector<std::string>>& rows, Spacing spacing = {});

}  // namespace cli
