#include "container/list.h"

#include <algorithm>

#include "apply/program.h"
#include "container/states.h"
#include "sys/file.h"

namespace container {
namespace {

using base::Result;

Result<std::string> find_ps(const std::string& search_path) {
  for (auto dir : base::split(search_path, ':')) {
    auto path = base::cat(dir, "/ps");
    if (sys::fstatat(base::FdRef::cwd(), path, 0)) return path;
  }
  return base::unsupported("ps is not in PATH (package procps); --format json needs no ps");
}

// The column of the heading "PID", or nothing.
std::optional<std::size_t> pid_column(std::string_view heading) {
  auto columns = base::words(heading);
  auto at = std::find(columns.begin(), columns.end(), "PID");
  if (at == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(at - columns.begin());
}

}  // namespace

Result<Listed> look_up(const std::string& root, const std::string& id) {
  auto proc = TRY(fs::Proc::open());
  auto record = TRY(Record::load(root, id));
  Listed out;
  out.status = TRY(status_of(record, proc));
  out.saved = std::move(record.saved);
  return out;
}

Result<std::vector<Listed>> list(const std::string& root, std::vector<std::string>& warnings) {
  std::vector<Listed> out;
  for (const auto& id : TRY(list_ids(root))) {
    auto found = look_up(root, id);
    if (found)
      out.push_back(std::move(found).value());
    else
      warnings.push_back(found.error().text());
  }
  return out;
}

base::Json describe(const Listed& listed) {
  auto out = spec::write_state(state_of(listed.saved, listed.status));
  out.set("rootfs", listed.saved.rootfs);
  out.set("created", listed.saved.created);
  out.set("owner", listed.saved.owner);
  return out;
}

Result<std::string> ps_table(const std::vector<int>& pids, const std::vector<std::string>& options,
                             const std::string& search_path) {
  apply::Program program;
  program.path = TRY(find_ps(search_path));
  program.args = {"ps"};
  if (options.empty()) program.args.push_back("-ef");
  program.args.insert(program.args.end(), options.begin(), options.end());
  program.env = {"PATH=" + search_path, "LC_ALL=C"};
  program.kept_output = 16U << 20;
  auto text = TRY(apply::run_program(program), "ps");
  auto lines = base::split(text, '\n');
  auto column = lines.empty() ? std::nullopt : pid_column(lines.front());
  if (!column) return base::usage_error("ps: these options print no PID column");
  std::string out = base::cat(lines.front(), "\n");
  for (std::size_t i = 1; i < lines.size(); ++i) {
    auto fields = base::words(lines[i]);
    if (fields.size() <= *column) continue;
    auto pid = base::parse<int>(fields[*column]);
    if (pid && std::find(pids.begin(), pids.end(), *pid) != pids.end())
      out += base::cat(lines[i], "\n");
  }
  return out;
}

}  // namespace container
