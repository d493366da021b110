// Who "user:group" is, by the passwd and group files of the image itself.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace image {

struct ResolvedUser {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> additional_gids{};
  std::string home{};  // "/" where the image does not say
  friend bool operator==(const ResolvedUser&, const ResolvedUser&) = default;
};

// The texts of /etc/passwd and /etc/group; empty where the image has none.
struct Accounts {
  std::string passwd{};
  std::string group{};
};

// "", "user", "uid", "user:group", "uid:gid" and the mixtures; numbers need not be in the files.
// The empty text is root. Additional groups come from the group file, unless a group or a number is
// given. A number is never looked up as a name.
// Kind::Config when a name is in neither file.
// spec: config.md#properties (User), conversion.md#configuser
base::Result<ResolvedUser> resolve_user(std::string_view user, const Accounts& accounts);

// Reads both files of a root file system. Links are followed inside the root only; what is no
// regular file (a fifo, a device, something in /proc) or larger than 1 MiB is Kind::Config.
base::Result<Accounts> read_accounts(base::FdRef root);

}  // namespace image
