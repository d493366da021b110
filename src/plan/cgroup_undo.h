// What puts a limit back that a write has replaced.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace plan {

// The text to write to the control file `file` so that it says again what it said `before`, as far
// as the write of `written` changes it: of files with a line for each device or interface that one
// line. Nothing for a line that cannot be taken back.
std::optional<std::string> text_before(std::string_view file, std::string_view written,
                                       std::string_view before);

}  // namespace plan
