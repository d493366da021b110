#include "engine/capabilities.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "base/text.h"

namespace engine {
namespace {

using Names = std::vector<std::string>;

constexpr std::array<std::string_view, 41> kAll = {"CHOWN",
                                                   "DAC_OVERRIDE",
                                                   "DAC_READ_SEARCH",
                                                   "FOWNER",
                                                   "FSETID",
                                                   "KILL",
                                                   "SETGID",
                                                   "SETUID",
                                                   "SETPCAP",
                                                   "LINUX_IMMUTABLE",
                                                   "NET_BIND_SERVICE",
                                                   "NET_BROADCAST",
                                                   "NET_ADMIN",
                                                   "NET_RAW",
                                                   "IPC_LOCK",
                                                   "IPC_OWNER",
                                                   "SYS_MODULE",
                                                   "SYS_RAWIO",
                                                   "SYS_CHROOT",
                                                   "SYS_PTRACE",
                                                   "SYS_PACCT",
                                                   "SYS_ADMIN",
                                                   "SYS_BOOT",
                                                   "SYS_NICE",
                                                   "SYS_RESOURCE",
                                                   "SYS_TIME",
                                                   "SYS_TTY_CONFIG",
                                                   "MKNOD",
                                                   "LEASE",
                                                   "AUDIT_WRITE",
                                                   "AUDIT_CONTROL",
                                                   "SETFCAP",
                                                   "MAC_OVERRIDE",
                                                   "MAC_ADMIN",
                                                   "SYSLOG",
                                                   "WAKE_ALARM",
                                                   "BLOCK_SUSPEND",
                                                   "AUDIT_READ",
                                                   "PERFMON",
                                                   "BPF",
                                                   "CHECKPOINT_RESTORE"};

bool has(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "net_admin", "CAP_NET_ADMIN" → "CAP_NET_ADMIN"; "ALL".
base::Result<Names> normal(const Names& given) {
  Names out;
  for (auto name : given) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (name == "ALL") {
      out.push_back(name);
      continue;
    }
    if (name.starts_with("CAP_")) name.erase(0, 4);
    if (std::find(kAll.begin(), kAll.end(), name) == kAll.end())
      return base::usage_error("no capability is called ", base::quote(name));
    out.push_back("CAP_" + name);
  }
  return out;
}

}  // namespace

Names all_capabilities() {
  Names out;
  out.reserve(kAll.size());
  for (auto name : kAll) out.push_back(base::cat("CAP_", name));
  return out;
}

base::Result<Names> chosen_capabilities(const Names& usual, const Names& add, const Names& drop) {
  auto added = TRY(normal(add), "--cap-add");
  auto dropped = TRY(normal(drop), "--cap-drop");
  auto out = has(added, "ALL") ? all_capabilities() : usual;
  if (has(dropped, "ALL")) out.clear();
  std::erase_if(out, [&](const auto& name) { return has(dropped, name); });
  for (const auto& name : added)
    if (name != "ALL" && !has(out, name)) out.push_back(name);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace engine
