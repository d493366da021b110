// An ordinary user becomes root: of a user namespace and a mount namespace that all engines and
// monitors of this user share, as long as one of them lives.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/context.h"
#include "engine/record.h"

namespace engine {

// Ids that belong to a user besides his own. man: subuid(5)
struct IdRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  friend bool operator==(const IdRange&, const IdRange&) = default;
};

// The lines of /etc/subuid or /etc/subgid that are this user's, by name or by number.
std::vector<IdRange> parse_subordinate_file(std::string_view text, std::string_view name,
                                            std::uint32_t uid);
// "0: NAME 100000 65536" on each line. man: getsubids(1)
std::vector<IdRange> parse_getsubids(std::string_view text);
// What newuidmap is told behind the pid: his own id becomes 0, the ranges what follows, one behind
// the other. man: newuidmap(1)
std::vector<std::string> map_arguments(std::uint32_t own, const std::vector<IdRange>& ranges);

// Nothing for root. For anybody else: joins the namespaces of another engine or monitor that has
// the same run folder, or makes new ones, with the user's subordinate ids, or his own id alone.
// Relative paths mean what they meant. No thread may run yet. A note says why there is but one id.
// Kind::Unsupported where the machine has no user namespaces for ordinary users.
// man: user_namespaces(7), newuidmap(1)
base::Status become_root(Context& context);

// Whoever lives in our namespaces (a monitor, say) keeps them for those who come. Nothing for root.
base::Status keep_namespaces(const Context& context, const ProcessId& process);

}  // namespace engine
