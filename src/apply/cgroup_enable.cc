#include "apply/cgroup_enable.h"

#include <algorithm>
#include <cerrno>

#include "apply/cgroup_errors.h"
#include "base/text.h"
#include "fs/files.h"

namespace apply {
namespace {

using base::Error;
using base::FdRef;
using base::Status;

std::vector<std::string> missing_in(std::string_view enabled,
                                    const std::vector<std::string>& names) {
  auto there = base::words(enabled);
  std::vector<std::string> out;
  for (const auto& name : names)
    if (std::find(there.begin(), there.end(), name) == there.end()) out.push_back(name);
  return out;
}

// Whether the kernel's rules let controllers be enabled here. The root of all has no type, and may
// hold processes beside its groups.
Status check_level(FdRef level) {
  auto type = fs::read_file(level, "cgroup.type");
  if (!type && type.error().code() == ENOENT) return {};
  auto text = TRY(std::move(type));
  auto word = base::trim(text);
  if (word != "domain")
    return Error(
        base::Kind::System, EOPNOTSUPP,
        base::cat("its type is \"", word, "\", so that it has none for groups of processes"));
  auto members = TRY(fs::read_file(level, "cgroup.procs"));
  if (members.empty()) return {};
  return Error(base::Kind::System, EBUSY,
               "it holds processes, which have to go to a group inside it first");
}

// What fails at one level.
class Failures {
 public:
  Failures(std::string_view path, std::vector<NotEnabled>& out) : path_(path), out_(out) {}
  void add(const std::string& controller, const Error& why) {
    if (!failure_of(out_, controller))
      out_.push_back({controller, why.code(), base::cat(path_, ": ", why.text())});
  }

 private:
  std::string_view path_;
  std::vector<NotEnabled>& out_;
};

}  // namespace

const NotEnabled* failure_of(const std::vector<NotEnabled>& failures, std::string_view controller) {
  for (const auto& failure : failures)
    if (failure.controller == controller) return &failure;
  return nullptr;
}

void enable_controllers(FdRef level, std::string_view path, const std::vector<std::string>& names,
                        std::vector<NotEnabled>& out) {
  if (names.empty()) return;
  Failures failures(path, out);
  auto enabled = fs::read_file(level, "cgroup.subtree_control");
  auto wanted = enabled ? missing_in(enabled.value(), names) : names;
  if (wanted.empty()) return;
  if (auto fit = check_level(level); !fit) {
    for (const auto& name : wanted) failures.add(name, fit.error());
    return;
  }
  auto all = fs::write_control(level, "cgroup.subtree_control", "+" + base::join(wanted, " +"));
  if (all) return;
  for (const auto& name : wanted) {
    // A denial would be the same for each.
    auto one = is_denial(all.error())
                   ? all
                   : fs::write_control(level, "cgroup.subtree_control", "+" + name);
    if (!one && one.error().code() == ENOENT)
      failures.add(name, Error(base::Kind::System, ENOENT, "it does not have it"));
    else if (!one)
      failures.add(name, one.error());
  }
}

}  // namespace apply
