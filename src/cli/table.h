// Rows of text in columns.
#pragma once
#include <string>
#include <vector>

namespace cli {

// Columns as wide as their widest cell and at least nine letters, three blanks between them; rows
// of equal length, the heading first. compat: runc
std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace cli
