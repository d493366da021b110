#include "plan/cgroup_undo.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace plan {
namespace {

// A device is "8:0"; these files have names instead.
bool is_keyed(std::string_view file, std::string_view key) {
  constexpr std::array<std::string_view, 3> kNamed{"net_prio.ifpriomap", "rdma.max", "misc.max"};
  return key.find(':') != key.npos || std::find(kNamed.begin(), kNamed.end(), file) != kNamed.end();
}

// What stands for a device that the file has no line of, which is one without a limit.
std::optional<std::string> without_limit(std::string_view file,
                                         const std::vector<std::string_view>& written) {
  std::string out(written.front());
  if (file.starts_with("blkio.throttle.")) return out + " 0";
  if (file.find("weight") != file.npos) return out + " default";
  if (file != "io.max" && file != "rdma.max") return std::nullopt;
  for (std::size_t i = 1; i < written.size(); ++i)
    out += base::cat(' ', written[i].substr(0, written[i].find('=')), "=max");
  return out;
}

}  // namespace

std::optional<std::string> text_before(std::string_view file, std::string_view written,
                                       std::string_view before) {
  auto words = base::words(written);
  auto lines = base::split(before, '\n');
  if (words.size() > 1 && is_keyed(file, words.front())) {
    for (auto line : lines)
      if (auto parts = base::words(line); !parts.empty() && parts.front() == words.front())
        return std::string(base::trim(line));
    return without_limit(file, words);
  }
  auto first = lines.empty() ? std::string_view() : base::trim(lines.front());
  // "oom_kill_disable 0", and only the number is written.
  if (file == "memory.oom_control") return std::string(first.substr(first.find(' ') + 1));
  // man: write(2): of nothing at all the kernel would not hear.
  if (first.empty()) return "\n";
  return std::string(first);
}

}  // namespace plan
