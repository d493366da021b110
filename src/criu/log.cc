#include "criu/log.h"

#include "base/text.h"

namespace criu {

std::string last_error(std::string_view log) {
  constexpr std::string_view kMark = "Error (";
  constexpr std::string_view kSummary = "FAILED";
  std::string_view found;
  for (auto line : base::split(log, '\n')) {
    auto at = line.find(kMark);
    if (at == std::string_view::npos) continue;
    auto text = line.substr(at);
    // "Error (criu/cr-dump.c:2128): Dumping FAILED."
    if (!found.empty() && text.find(kSummary) != std::string_view::npos) continue;
    found = text;
  }
  return std::string(base::trim(found));
}

}  // namespace criu
