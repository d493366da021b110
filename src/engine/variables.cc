#include "engine/variables.h"

#include <algorithm>

#include "base/text.h"
#include "fs/files.h"

namespace engine {
namespace {

using base::Result;

std::string_view name_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

base::Status add(const std::string& entry, const Words& ours, Words& to) {
  auto name = name_of(entry);
  if (name.empty()) return base::usage_error(base::quote(entry), " has no name before its \"=\"");
  if (name.find_first_of(" \t") != std::string_view::npos)
    return base::usage_error(base::quote(entry), ": a name must not have blanks");
  if (name.size() < entry.size()) {
    to.push_back(entry);
    return {};
  }
  auto found = std::find_if(ours.begin(), ours.end(),
                            [&](const std::string& one) { return name_of(one) == name; });
  if (found != ours.end()) to.push_back(*found);
  return {};
}

base::Status add_file(const std::string& file, const Words& ours, Words& to) {
  auto text = TRY(fs::read_file(base::FdRef::cwd(), file));
  for (auto line : base::split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
    if (line.empty() || line.starts_with('#')) continue;
    TRY(add(std::string(line), ours, to));
  }
  return {};
}

}  // namespace

Result<Words> read_variables(const Words& env, const Words& env_files, const Words& ours) {
  Words out;
  for (const auto& file : env_files) TRY(add_file(file, ours, out), "--env-file ", file);
  for (const auto& entry : env) TRY(add(entry, ours, out), "--env");
  return out;
}

void set_variable(Words& environment, const std::string& entry) {
  for (auto& present : environment)
    if (name_of(present) == name_of(entry)) {
      present = entry;
      return;
    }
  environment.push_back(entry);
}

}  // namespace engine
