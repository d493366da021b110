// What checkpoint and restore have in common: the folders, and criu at work on them.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "container/spawn.h"
#include "criu/message.h"
#include "criu/program.h"

namespace container {

// The options of both commands.
struct ImageOptions : criu::Choices {
  std::string root{};  // state directory
  std::string id{};
  std::string image_path = "checkpoint";
  std::string work_path{};  // of criu's logs; empty: the images'
  std::string parent_path{};
  bool pre_dump = false;
  int status_fd = -1;
  std::string search_path{};               // the caller's PATH, for criu
  std::vector<std::string> environment{};  // for criu
};

inline constexpr const char* kDescriptors = "descriptors.json";  // compat: runc

// The folders, open.
struct ImageFolders {
  base::Fd images{};
  base::Fd work{};            // none: the images'
  std::string images_path{};  // absolute
  std::string log_path{};     // of the folder with the log
};
enum class Folders { Make, Find };
base::Result<ImageFolders> open_folders(const ImageOptions& options, Folders how);

// A request with all that the options say. `annotations`: the container's, which may name a file
// with options for criu.
criu::Request request_of(const ImageOptions& options, const ImageFolders& folders,
                         const std::vector<std::pair<std::string, std::string>>& annotations);

// How criu starts.
struct CriuStart {
  std::string path{};
  std::optional<base::FdRef> cgroup{};      // group of version 2 for it
  std::function<base::Status()> enter{};    // first of all, in the new process
  std::function<base::Status()> prepare{};  // then, in its last moment before it is criu
  std::vector<int> kept{};                  // descriptors for it, besides the standard ones
};

// criu, waiting for its orders.
class Criu {
 public:
  // An error also for a criu that is too old.
  static base::Result<Criu> start(const CriuStart& start, const ImageOptions& options,
                                  const ImageFolders& folders, const fs::Proc& proc);

  pid_t pid() const { return process_.pid(); }
  // An error that names the feature of the kernel that is missing.
  base::Status need_memory_tracking();
  base::Status need_lazy_pages();
  // A failure is told with criu's own last error and the place of its log. Afterwards criu has
  // ended, and the host's cgroup2 has the options that it had.
  base::Result<criu::Answer> work(const criu::Request& request, const ImageFolders& folders,
                                  const criu::Listener& listener,
                                  std::vector<std::string>& warnings);

 private:
  Criu(Child process, base::Fd socket) : process_(std::move(process)), socket_(std::move(socket)) {}
  Child process_;
  base::Fd socket_;
};

}  // namespace container
