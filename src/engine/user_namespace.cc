#include "engine/user_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "engine/phase.h"
#include "fs/files.h"
#include "fs/proc.h"
#include "image/overlay.h"
#include "programs/run.h"
#include "sys/file.h"
#include "sys/identity.h"
#include "sys/process.h"

namespace engine {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;
using Words = std::vector<std::string>;

// RUN/.engine/namespaces: a line "BOOT PID START" for each process that lives in them.
constexpr const char* kMembers = "namespaces";
constexpr const char* kLock = "namespaces.lock";
constexpr int kBoth = CLONE_NEWUSER | CLONE_NEWNS;

struct Member {
  std::string boot{};
  ProcessId process{};
};

std::vector<Member> read_members(FdRef folder) {
  std::vector<Member> out;
  auto text = fs::read_file(folder, kMembers);
  if (!text) return out;
  for (auto line : base::split(text.value(), '\n')) {
    auto words = base::words(line);
    if (words.size() != 3) continue;
    auto pid = base::parse<std::int64_t>(words[1]);
    auto start = base::parse<std::uint64_t>(words[2]);
    if (pid && start) out.push_back({std::string(words[0]), {*pid, *start}});
  }
  return out;
}

bool lives(const Member& member) {
  auto process = open_process(member.process, member.boot);
  return process && process.value();
}

// With those that still live. The caller holds the lock.
Status add_member(FdRef folder, const ProcessId& process) {
  auto boot = TRY(boot_id());
  auto text = base::cat(boot, " ", process.pid, " ", process.start_time, "\n");
  for (const auto& member : read_members(folder))
    if (lives(member))
      text += base::cat(member.boot, " ", member.process.pid, " ", member.process.start_time, "\n");
  return fs::replace_file(folder, kMembers, text, 0600, fs::Lasting::Run);
}

Result<bool> join_any(FdRef folder) {
  for (const auto& member : read_members(folder)) {
    auto process = TRY(open_process(member.process, member.boot));
    if (process && sys::setns(*process, kBoth)) return true;
  }
  return false;
}

// Its standard output, without the newline; nothing when it fails.
std::string ask(const Context& context, const std::string& program, Words args) {
  auto path = programs::find(context.environment.search_path, program);
  if (!path) return {};
  const programs::Command command{
      .path = path.value(), .args = std::move(args), .environment = context.variables};
  auto answer = programs::run(command, {}, {}, programs::Errors::Answer);
  if (!answer || answer.value().exit_code != 0) return {};
  return std::string(base::trim(answer.value().out));
}

enum class Ids { Users, Groups };

// What the machine's name services say, or else the file.
std::vector<IdRange> subordinate_ids(const Context& context, Ids ids) {
  auto name = ask(context, "id", {"-un"});
  Words args{name};
  if (ids == Ids::Groups) args.insert(args.begin(), "-g");
  if (!name.empty())
    if (auto ranges = parse_getsubids(ask(context, "getsubids", args)); !ranges.empty())
      return ranges;
  auto text = fs::read_file(FdRef::cwd(), ids == Ids::Users ? "/etc/subuid" : "/etc/subgid");
  if (!text) return {};
  return parse_subordinate_file(text.value(), name, context.environment.uid);
}

// newuidmap and newgidmap, as they are to be called for this process.
struct Mapping {
  std::vector<programs::Command> programs{};
  std::string missing{};  // why there are none
};

Mapping mapping(const Context& context) {
  const auto& environment = context.environment;
  Mapping out;
  auto add = [&](const char* program, std::uint32_t own, Ids ids, const char* file) {
    auto path = programs::find(environment.search_path, program);
    if (!path) {
      out.missing = path.error().text() + " (package uidmap)";
      return;
    }
    auto ranges = subordinate_ids(context, ids);
    if (ranges.empty()) {
      out.missing = base::cat(file, " has no ids for this user");
      return;
    }
    programs::Command command{.path = path.value(), .environment = context.variables};
    command.args = {base::cat(sys::getpid())};
    auto map = map_arguments(own, ranges);
    command.args.insert(command.args.end(), map.begin(), map.end());
    out.programs.push_back(std::move(command));
  };
  add("newuidmap", environment.uid, Ids::Users, "/etc/subuid");
  if (out.missing.empty()) add("newgidmap", environment.gid, Ids::Groups, "/etc/subgid");
  return out;
}

// In the child, outside the new namespace, where these programs are more than we are.
std::string run_all(const std::vector<programs::Command>& commands) {
  for (const auto& command : commands) {
    auto answer = programs::run(command, {}, {}, programs::Errors::Answer);
    if (!answer) return answer.error().text();
    if (answer.value().exit_code != 0) {
      auto said = std::string(base::trim(answer.value().err));
      return said.empty() ? command.path + " failed" : said;
    }
  }
  return {};
}

Status own_id_alone(const Environment& environment) {
  auto proc = TRY(fs::Proc::open());
  TRY(proc.write("self/setgroups", "deny"));
  TRY(proc.write("self/uid_map", base::cat("0 ", environment.uid, " 1\n")));
  return proc.write("self/gid_map", base::cat("0 ", environment.gid, " 1\n"));
}

Status leave() {
  auto done = sys::unshare(kBoth);
  if (done) return {};
  return base::unsupported(
      "without root the engine needs a user namespace of its own, which this machine refuses (",
      done.error().text(),
      "): see user.max_user_namespaces, kernel.unprivileged_userns_clone and "
      "kernel.apparmor_restrict_unprivileged_userns of sysctl");
}

// A child stays behind, and maps us once we are in. Gives its complaint.
Result<std::string> leave_and_be_mapped(const std::vector<programs::Command>& commands) {
  auto go = TRY(sys::pipe());
  auto answer = TRY(sys::pipe());
  auto child = TRY(sys::clone3({}));
  if (child.pid == 0) {
    go.write_end.close();
    char letter = 0;
    auto got = sys::read(go.read_end, std::span(&letter, 1));
    if (got && got.value() == 1) (void)fs::write_all(answer.write_end, run_all(commands));
    sys::exit_now(0);
  }
  go.read_end.close();
  answer.write_end.close();
  auto left = leave();
  if (left) left = fs::write_all(go.write_end, "g");
  go.write_end.close();
  auto said = fs::read_all(answer.read_end);
  (void)sys::wait_child(child.pidfd);
  TRY(std::move(left));
  return said;
}

// Gives the reason when there is but one id.
Result<std::string> make_namespaces(const Context& context) {
  auto wanted = mapping(context);
  if (!wanted.missing.empty()) {
    TRY(leave());
    TRY(own_id_alone(context.environment));
    return wanted.missing;
  }
  for (const auto& command : wanted.programs)
    context.tell(base::cat(command.path, " ", base::join(command.args, " ")));
  auto said = TRY(leave_and_be_mapped(wanted.programs));
  if (said.empty()) return said;
  // A map is written once: what newuidmap did stays, when newgidmap failed.
  auto proc = TRY(fs::Proc::open());
  auto map = TRY(proc.read("self/uid_map"));
  if (base::trim(map).empty())
    TRY(own_id_alone(context.environment), said);
  else
    return base::system_error(said);
  return said;
}

// Nobody else may have made it, or write there: it may be in /tmp.
Result<Fd> open_own(const std::string& path) {
  (void)TRY(fs::make_dirs(path, 0700));
  auto folder = TRY(sys::openat(FdRef::cwd(), path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  auto st = TRY(sys::fstat(folder));
  if (st.st_uid == sys::geteuid() && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0) return folder;
  return base::system_error(path, ": must be a folder of this user's, writable for no one else");
}

Status enter(const Context& context, FdRef folder) {
  auto here = sys::getcwd();
  bool joined = TRY(join_any(folder));
  if (!joined) {
    auto reason = TRY(make_namespaces(context));
    if (!reason.empty()) context.tell("this user has one id only: " + reason);
  }
  // A mount namespace is entered at its root.
  if (here && here.value().starts_with('/') && sys::chdir(here.value())) return {};
  return sys::chdir("/");
}

}  // namespace

std::vector<IdRange> parse_subordinate_file(std::string_view text, std::string_view name,
                                            std::uint32_t uid) {
  std::vector<IdRange> out;
  auto number = base::cat(uid);
  for (auto line : base::split(text, '\n')) {
    auto parts = base::split(base::trim(line), ':');
    if (parts.size() != 3 || parts[0].empty()) continue;
    if (parts[0] != name && parts[0] != number) continue;
    auto first = base::parse<std::uint32_t>(parts[1]);
    auto count = base::parse<std::uint32_t>(parts[2]);
    if (first && count && *count > 0) out.push_back({*first, *count});
  }
  return out;
}

std::vector<IdRange> parse_getsubids(std::string_view text) {
  std::vector<IdRange> out;
  for (auto line : base::split(text, '\n')) {
    auto words = base::words(line);
    if (words.size() < 4) continue;
    auto first = base::parse<std::uint32_t>(words[words.size() - 2]);
    auto count = base::parse<std::uint32_t>(words.back());
    if (first && count && *count > 0) out.push_back({*first, *count});
  }
  return out;
}

std::vector<std::string> map_arguments(std::uint32_t own, const std::vector<IdRange>& ranges) {
  std::vector<std::string> out{"0", base::cat(own), "1"};
  std::uint32_t next = 1;
  for (const auto& range : ranges) {
    // Beyond that there are no ids.
    auto count = std::min(range.count, std::numeric_limits<std::uint32_t>::max() - next);
    if (count == 0) break;
    for (auto n : {next, range.first, count}) out.push_back(base::cat(n));
    next += count;
  }
  return out;
}

Status become_root(Context& context) {
  auto attributes = TRY(image::overlay_attributes());
  bool inside = attributes == image::OverlayAttributes::User && sys::geteuid() == 0;
  context.rootless = inside || sys::geteuid() != 0;
  if (!context.rootless) return {};
  (void)TRY(open_own(context.places.run));
  auto folder = TRY(open_own(context.places.engine()));
  auto lock = TRY(fs::lock_file(folder, kLock));
  if (!inside) TRY(enter(context, folder));
  auto self = TRY(identify(sys::getpid()));
  TRY(add_member(folder, self));
  context.single_id = TRY(image::maps_one_id());
  return {};
}

Status keep_namespaces(const Context& context, const ProcessId& process) {
  if (!context.rootless) return {};
  auto folder = TRY(open_own(context.places.engine()));
  auto lock = TRY(fs::lock_file(folder, kLock));
  return add_member(folder, process);
}

}  // namespace engine
