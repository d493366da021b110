// Controllers of v2 come to a group through each level above it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace apply {

// Why this controller does not come below some level.
struct NotEnabled {
  std::string controller{};
  int code = 0;        // errno of the call, or of the rule that it would have broken
  std::string text{};  // names the level
};

// Enables for the groups inside `level`, whose path is for messages: all these controllers or,
// failing that, each that can be. Of what fails, `out` gets the first failure of each controller,
// since those further down only follow from it.
// A level with processes of its own is left alone: the kernel would take threaded controllers there
// and with that make the groups inside unfit for whole processes.
// Linux: admin-guide/cgroup-v2, "Enabling and Disabling", "No Internal Process Constraint",
// "Threads"
void enable_controllers(base::FdRef level, std::string_view path,
                        const std::vector<std::string>& names, std::vector<NotEnabled>& out);

// The failure of this controller, or nullptr.
const NotEnabled* failure_of(const std::vector<NotEnabled>& failures, std::string_view controller);

}  // namespace apply
