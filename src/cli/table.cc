#include "cli/table.h"

#include <algorithm>

namespace cli {

std::string table(const std::vector<std::vector<std::string>>& rows, Spacing spacing) {
  std::vector<std::size_t> widths(rows.front().size(), spacing.least);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i)
      out += row[i] + std::string(widths[i] + spacing.gap - row[i].size(), ' ');
    out += row.back() + "\n";
  }
  return out;
}

}  // namespace cli
