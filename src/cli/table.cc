#include "cli/table.h"

#include <algorithm>

namespace cli {
namespace {

// Letters of UTF-8: bytes that do not continue one.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }));
}

}  // namespace

std::string table(const std::vector<std::vector<std::string>>& rows, Spacing spacing) {
  std::vector<std::size_t> widths(rows.front().size(), spacing.least);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i)
      out += row[i] + std::string(widths[i] + spacing.gap - width(row[i]), ' ');
    out += row.back() + "\n";
  }
  return out;
}

}  // namespace cli
