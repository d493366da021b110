#include "plan/cgroup_host.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace plan {
namespace {

// man: proc(5): blanks in paths are written as octal escapes.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      if (auto code = base::parse<unsigned>(text.substr(i + 1, 3), 8); code && *code < 256) {
        out += static_cast<char>(*code);
        i += 3;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

// Words of the super block's options that name no controller.
bool is_plain_option(std::string_view word) {
  static constexpr std::array<std::string_view, 7> kPlain{
      "rw", "ro", "xattr", "noprefix", "clone_children", "none", "cpuset_v2_mode"};
  return std::find(kPlain.begin(), kPlain.end(), word) != kPlain.end() ||
         word.starts_with("release_agent=");
}

bool has(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

}  // namespace

const CgroupHierarchy* CgroupHost::with(std::string_view controller) const {
  for (const auto& row : hierarchies)
    if (!row.v2 && has(row.controllers, controller)) return &row;
  auto v2 = unified();
  return v2 && has(v2->controllers, controller) ? v2 : nullptr;
}

const CgroupHierarchy* CgroupHost::unified() const {
  for (const auto& row : hierarchies)
    if (row.v2) return &row;
  return nullptr;
}

std::vector<CgroupMembership> parse_memberships(std::string_view text) {
  std::vector<CgroupMembership> out;
  for (auto line : base::split(text, '\n')) {
    auto first = line.find(':');
    auto second = first == line.npos ? line.npos : line.find(':', first + 1);
    // A controller's name may hold a colon ("name=a:b"): the path begins at the first ":/".
    auto path = second == line.npos ? line.npos : line.find(":/", first + 1);
    if (path == line.npos) continue;
    CgroupMembership row;
    for (auto word : base::split(line.substr(first + 1, path - first - 1), ','))
      row.controllers.emplace_back(word);
    row.path = line.substr(path + 1);
    out.push_back(std::move(row));
  }
  return out;
}

std::vector<CgroupHierarchy> parse_cgroup_mounts(std::string_view mountinfo) {
  std::vector<CgroupHierarchy> out;
  constexpr std::string_view kMark = " - cgroup";
  for (auto at = mountinfo.find(kMark); at != mountinfo.npos; at = mountinfo.find(kMark, at + 1)) {
    auto begin = mountinfo.rfind('\n', at);
    begin = begin == mountinfo.npos ? 0 : begin + 1;
    auto end = std::min(mountinfo.find('\n', at), mountinfo.size());
    auto fields = base::words(mountinfo.substr(begin, at - begin));
    auto tail = base::words(mountinfo.substr(at + 3, end - at - 3));
    if (fields.size() < 6 || tail.size() < 3) continue;
    CgroupHierarchy row;
    row.v2 = tail[0] == "cgroup2";
    if (!row.v2 && tail[0] != "cgroup") continue;
    row.root = unescape(fields[3]);
    row.mount = unescape(fields[4]);
    if (!row.v2)
      for (auto word : base::split(tail[2], ','))
        if (!is_plain_option(word)) row.controllers.emplace_back(word);
    // What is mounted later on the same place covers what was there.
    std::erase_if(out, [&](const CgroupHierarchy& other) { return other.mount == row.mount; });
    out.push_back(std::move(row));
  }
  for (std::size_t i = 0; i < out.size(); ++i)
    out.erase(std::remove_if(out.begin() + static_cast<std::ptrdiff_t>(i) + 1, out.end(),
                             [&](const CgroupHierarchy& other) {
                               return other.v2 == out[i].v2 &&
                                      other.controllers == out[i].controllers;
                             }),
              out.end());
  return out;
}

std::string below_root(std::string_view path, std::string_view root) {
  if (root == "/") return std::string(path);
  if (!path.starts_with(root)) return "/";
  auto rest = path.substr(root.size());
  return rest.starts_with('/') ? std::string(rest) : "/";
}

}  // namespace plan
