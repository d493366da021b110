#include "criu/log.h"

#include <vector>

#include "base/text.h"

namespace criu {

std::string last_errors(std::string_view log) {
  constexpr std::string_view kMark = "Error (";
  constexpr std::string_view kSummary = "FAILED";
  constexpr std::size_t kMost = 3;
  std::vector<std::string> found;
  for (auto line : base::split(log, '\n')) {
    auto at = line.find(kMark);
    if (at == std::string_view::npos) continue;
    auto text = base::trim(line.substr(at));
    // "Error (criu/cr-dump.c:2128): Dumping FAILED."
    if (!found.empty() && text.find(kSummary) != std::string_view::npos) continue;
    if (found.size() == kMost) found.erase(found.begin());
    found.emplace_back(text);
  }
  return base::join(found, "; ");
}

}  // namespace criu
