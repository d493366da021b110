// What of a container is not its own but the host's: criu cannot write that into an image, and is
// told by name what takes its place.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "criu/message.h"
#include "fs/mountinfo.h"
#include "fs/proc.h"
#include "plan/rootfs.h"
#include "spec/config.h"

namespace container {

// A mount whose source is outside of the container.
struct ExternalMount {
  std::string target{};  // in the container: "/etc/hosts"; its name in images. compat: runc
  std::string source{};  // absolute, on the host
  bool recursive = false;
  std::string staged{};  // below a folder of criu_mounts.h, which criu takes instead of the source
  friend bool operator==(const ExternalMount&, const ExternalMount&) = default;
};

// Bind mounts, bound devices, masked files.
std::vector<ExternalMount> external_mounts(const plan::RootfsPlan& plan);
// The same, and those below the sources of recursive ones.
std::vector<ExternalMount> with_submounts(std::vector<ExternalMount> mounts,
                                          const std::vector<fs::MountRow>& host);
// Place → name, of those that are still mounted in the container of this process.
base::Result<std::vector<criu::Pair>> present_mounts(const std::vector<ExternalMount>& mounts,
                                                     pid_t init, const fs::Proc& proc);

// How images name an open file that is not of the container: a pipe, a socket, a terminal, a file
// of the host. Links of /proc/PID/fd for the first two, as runc has it.
// man: criu(8), --inherit-fd
base::Result<std::string> external_name(base::FdRef file);
// The names of our descriptors 0 to count - 1.
base::Result<std::vector<std::string>> external_names(int count);
// What criu has to be told of it when it writes an image; empty for what needs no word.
std::string external_word(const std::string& name);

// The namespaces that were joined: those of which criu writes nothing …
base::Result<std::vector<std::string>> external_namespaces(const spec::Linux& config, pid_t init,
                                                           const fs::Proc& proc);
// … and how it gets at the present ones. The files stay open as long as this.
struct JoinedNamespaces {
  std::vector<base::Fd> files{};
  std::vector<criu::Inherited> inherited{};
  std::vector<criu::Pair> joined{};
};
base::Result<JoinedNamespaces> joined_namespaces(const spec::Linux& config);

}  // namespace container
