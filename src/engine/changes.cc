#include "engine/changes.h"

#include <algorithm>
#include <set>

namespace engine {

std::vector<image::Change> without_mount_points(std::vector<image::Change> changes,
                                                const std::vector<std::string>& destinations) {
  using image::ChangeKind;
  std::set<std::string> touched;  // folders of what was left out
  // From the end: what is in a folder comes before the folder.
  for (auto one = changes.size(); one-- > 0;) {
    const auto& change = changes[one];
    bool is_place =
        std::find(destinations.begin(), destinations.end(), change.path) != destinations.end();
    bool has_more = one + 1 < changes.size() &&
                    changes[one + 1].path.starts_with(change.path == "/" ? "/" : change.path + "/");
    bool only_above = touched.count(change.path) > 0;
    bool left_out = !has_more && ((is_place && change.kind != ChangeKind::Deleted) || only_above);
    if (!left_out) continue;
    auto slash = change.path.rfind('/');
    touched.insert(slash == 0 ? "/" : change.path.substr(0, slash));
    changes.erase(changes.begin() + static_cast<std::ptrdiff_t>(one));
  }
  return changes;
}

}  // namespace engine
