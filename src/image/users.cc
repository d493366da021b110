#include "image/users.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <optional>

#include "base/text.h"
#include "fs/files.h"
#include "fs/root.h"
#include "sys/file.h"

namespace image {
namespace {

constexpr std::uint64_t kLongestFile = 1 << 20;

struct PasswdRow {
  std::string_view name{};
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string_view home{};
};

struct GroupRow {
  std::string_view name{};
  std::uint32_t gid = 0;
  std::string_view members{};
};

// 2^32 - 1 means "unchanged" to the kernel, and is nobody.
std::optional<std::uint32_t> id(std::string_view text) {
  auto n = base::parse<std::uint32_t>(text);
  if (!n || *n == std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return n;
}

// NAME:PASSWORD:UID:GID:GECOS:HOME:SHELL. Lines that are none of it are passed over, as by libc.
// man: passwd(5)
std::optional<PasswdRow> passwd_row(std::string_view line) {
  auto fields = base::split(line, ':');
  if (fields.size() < 4) return std::nullopt;
  auto uid = id(fields[2]);
  auto gid = id(fields[3]);
  if (!uid || !gid) return std::nullopt;
  return PasswdRow{fields[0], *uid, *gid, fields.size() > 5 ? fields[5] : std::string_view()};
}

// NAME:PASSWORD:GID:MEMBER,MEMBER… man: group(5)
std::optional<GroupRow> group_row(std::string_view line) {
  auto fields = base::split(line, ':');
  if (fields.size() < 3) return std::nullopt;
  auto gid = id(fields[2]);
  if (!gid) return std::nullopt;
  return GroupRow{fields[0], *gid, fields.size() > 3 ? fields[3] : std::string_view()};
}

// A number is a number, even where some user is called by it: spec: conversion.md#configuser
std::optional<PasswdRow> find_user(std::string_view wanted, std::string_view passwd) {
  auto number = id(wanted);
  for (auto line : base::split(passwd, '\n')) {
    auto row = passwd_row(line);
    if (row && (number ? row->uid == *number : row->name == wanted)) return row;
  }
  return std::nullopt;
}

base::Result<std::uint32_t> find_group(std::string_view wanted, std::string_view group) {
  if (auto number = id(wanted)) return *number;
  for (auto line : base::split(group, '\n')) {
    auto row = group_row(line);
    if (row && row->name == wanted) return row->gid;
  }
  return base::config_error("group ", base::quote(wanted), " is not in the image's /etc/group");
}

std::vector<std::uint32_t> groups_of(std::string_view user, std::string_view group) {
  std::vector<std::uint32_t> out;
  for (auto line : base::split(group, '\n')) {
    auto row = group_row(line);
    if (!row) continue;
    auto members = base::split(base::trim(row->members), ',');
    bool member = std::find(members.begin(), members.end(), user) != members.end();
    if (member && std::find(out.begin(), out.end(), row->gid) == out.end()) out.push_back(row->gid);
  }
  return out;
}

base::Result<std::string> read_account_file(base::FdRef root, const std::string& path) {
  // O_NONBLOCK: a fifo in its place must not hold us up.
  auto opened = fs::open_in(root, path, O_RDONLY | O_NONBLOCK);
  if (!opened && (opened.error().code() == ENOENT || opened.error().code() == ENOTDIR))
    return std::string();
  auto file = TRY(std::move(opened), "/", path);
  auto st = TRY(sys::fstat(file));
  if (!S_ISREG(st.st_mode)) return base::config_error("the image's /", path, " is no regular file");
  return TRY(fs::read_all(file, kLongestFile), "the image's /", path);
}

}  // namespace

base::Result<ResolvedUser> resolve_user(std::string_view user, const Accounts& accounts) {
  auto colon = user.find(':');
  auto name = user.substr(0, colon);
  auto group = colon == std::string_view::npos ? std::string_view() : user.substr(colon + 1);
  ResolvedUser out{.home = "/"};
  auto row = find_user(name.empty() ? "0" : name, accounts.passwd);
  auto number = id(name);
  if (!row && !name.empty() && !number)
    return base::config_error("user ", base::quote(name), " is not in the image's /etc/passwd");
  if (row) {
    out.uid = row->uid;
    out.gid = row->gid;
    if (row->home.starts_with('/')) out.home = row->home;
  } else if (number) {
    out.uid = *number;
  }
  if (!group.empty())
    out.gid = TRY(find_group(group, accounts.group));
  else if (row && !number)
    out.additional_gids = groups_of(row->name, accounts.group);
  std::erase(out.additional_gids, out.gid);
  return out;
}

base::Result<Accounts> read_accounts(base::FdRef root) {
  Accounts out;
  out.passwd = TRY(read_account_file(root, "etc/passwd"));
  out.group = TRY(read_account_file(root, "etc/group"));
  return out;
}

}  // namespace image
