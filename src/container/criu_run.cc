#include "container/criu_run.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>

#include "apply/unified_options.h"
#include "container/channel.h"
#include "container/states.h"
#include "criu/log.h"
#include "fs/files.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"

namespace container {
namespace {

using base::cat;
using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

constexpr std::string_view kConfigAnnotation = "org.criu.config";
constexpr const char* kDefaultConfig = "/etc/criu/runc.conf";  // compat: runc; may be absent
// It has everything that is sent: older ones would ignore what they do not know.
constexpr criu::Version kOldest{{3, 17, 0}};

// compat: runc. An empty annotation wants no file, not even the usual one.
std::string config_file(const std::vector<std::pair<std::string, std::string>>& annotations) {
  for (const auto& [key, value] : annotations)
    if (key == kConfigAnnotation) return value;
  return kDefaultConfig;
}

// spec of the option: compat: runc: relative to the images, and there.
Status check_parent(const ImageOptions& options, FdRef images) {
  const auto& path = options.parent_path;
  if (path.empty()) return {};
  if (path.starts_with('/')) return base::usage_error("--parent-path: must be relative");
  TRY(sys::openat(images, path, O_PATH | O_DIRECTORY), "--parent-path");
  return {};
}

Result<Fd> open_folder(const std::string& path, Folders how) {
  if (how == Folders::Make) return fs::make_dirs(path, 0700);
  return sys::openat(FdRef::cwd(), path, O_RDONLY | O_DIRECTORY);
}

// Opens it once more under the same number: it may be another mount namespace that we are in now,
// and criu mounts in its working directory.
Status reopen(const std::string& path, FdRef folder) {
  auto fresh = TRY(sys::openat(FdRef::cwd(), path, O_RDONLY | O_DIRECTORY));
  return sys::place_at(fresh, folder.raw());
}

// The ends of what the new process says before it is criu.
struct Birth {
  sys::SocketPair failure{};
  sys::SocketPair gift{};  // brings the socket
};

Result<Fd> prepare(const CriuStart& start, const ImageFolders& folders, FdRef gift,
                   Status entered) {
  TRY(std::move(entered));
  if (start.prepare) TRY(start.prepare());
  TRY(reopen(folders.images_path, folders.images));
  if (folders.work) TRY(reopen(folders.log_path, folders.work));
  // Made here: the numbers of descriptors in a request are looked up in who made the socket.
  auto talk = TRY(sys::socketpair(SOCK_SEQPACKET));
  TRY(sys::send(gift, "criu", talk.first));
  return std::move(talk.second);
}

[[noreturn]] void become_criu(const CriuStart& start, const ImageOptions& options,
                              const ImageFolders& folders, const Birth& birth, Status entered) {
  auto socket = prepare(start, folders, birth.gift.second, std::move(entered));
  auto error = [&]() -> base::Error {
    if (!socket) return std::move(socket).error();
    auto kept = start.kept;
    kept.push_back(folders.images.raw());
    if (folders.work) kept.push_back(folders.work.raw());
    return criu::become(start.path, socket.value(), kept, options.environment);
  }();
  send_failure(birth.failure.second, error);
  sys::exit_now(1);
}

std::string text_of(const criu::Version& version) {
  return cat(version.parts[0], ".", version.parts[1]);
}

}  // namespace

Result<ImageFolders> open_folders(const ImageOptions& options, Folders how) {
  ImageFolders out;
  out.images = TRY(open_folder(options.image_path, how), "--image-path");
  TRY(check_parent(options, out.images));
  out.images_path = TRY(absolute_path(options.image_path), "--image-path");
  out.log_path = out.images_path;
  if (!options.work_path.empty()) {
    // Restoring, too, writes there.
    out.work = TRY(open_folder(options.work_path, Folders::Make), "--work-path");
    out.log_path = TRY(absolute_path(options.work_path), "--work-path");
  }
  return out;
}

criu::Request request_of(const ImageOptions& options, const ImageFolders& folders,
                         const std::vector<std::pair<std::string, std::string>>& annotations) {
  criu::Request out;
  static_cast<criu::Choices&>(out) = options;
  // compat: runc
  if (!out.cgroup_mode) out.cgroup_mode = criu::CgroupMode::Soft;
  out.track_memory = options.pre_dump || !options.parent_path.empty();
  out.images = folders.images.raw();
  out.work = folders.work.raw();
  out.config_file = config_file(annotations);
  out.parent_images = options.parent_path;
  return out;
}

Result<Criu> Criu::start(const CriuStart& start, const ImageOptions& options,
                         const ImageFolders& folders, const fs::Proc& proc) {
  Birth birth;
  birth.failure = TRY(sys::socketpair(SOCK_STREAM));
  birth.gift = TRY(sys::socketpair(SOCK_STREAM));
  SpawnRequest request;
  request.cgroup = start.cgroup;
  request.enter = start.enter;
  auto child = TRY(spawn(request, proc, [&](Status entered) {
    Fd(birth.failure.first.release()).close();
    become_criu(start, options, folders, birth, std::move(entered));
  }));
  birth.failure.second.close();
  birth.gift.second.close();
  // The end of file says that it is criu now.
  auto said = TRY(receive_message(birth.failure.first));
  if (said) return error_of(*std::move(said));
  std::array<char, 8> word;
  auto given = TRY(sys::receive(birth.gift.first, word));
  if (!given.descriptor) return base::system_error(start.path, ": ended before it began");
  Criu out(std::move(child), std::move(given.descriptor));
  auto version = TRY(criu::version(out.socket_), start.path);
  if (version < kOldest)
    return base::unsupported(start.path, ": is version ", text_of(version), ", and ",
                             text_of(kOldest), " is the oldest that can be used");
  return out;
}

Status Criu::need_memory_tracking() {
  auto features = TRY(criu::features(socket_));
  if (features.tracks_memory) return {};
  return base::unsupported(
      "--pre-dump: criu finds no tracking of memory changes in this kernel "
      "(CONFIG_MEM_SOFT_DIRTY)");
}

Status Criu::need_lazy_pages() {
  auto features = TRY(criu::features(socket_));
  if (features.lazy_pages) return {};
  return base::unsupported(
      "--lazy-pages: criu finds no non-cooperative userfaultfd in this kernel "
      "(CONFIG_USERFAULTFD)");
}

Result<criu::Answer> Criu::work(const criu::Request& request, const ImageFolders& folders,
                                const criu::Listener& listener,
                                std::vector<std::string>& warnings) {
  // Which criu takes from it, by a mount of its own without any (criu issue 3029).
  auto options = TRY(apply::UnifiedOptions::read());
  auto answer = criu::work(socket_, request, listener);
  socket_.close();
  if (auto put = options.put_back(); !put)
    warnings.push_back(cat("criu has changed the options of cgroup2: ", put.error().text()));
  if (answer) {
    TRY(sys::wait_child(process_.pidfd()));
    process_.keep();  // it is reaped
    if (answer.value().success) return answer;
  }
  auto log = cat(folders.log_path, "/", request.log_file);
  auto text = fs::read_file(FdRef::cwd(), log);
  auto line = text ? criu::last_errors(text.value()) : "";
  if (line.empty() && answer) line = answer.value().complaint;
  if (!answer) {
    auto error = std::move(answer).error();
    if (line.empty()) return error;
    return base::Error(error.kind(), error.code(),
                       cat(error.text(), " (criu: ", line, "; see ", log, ")"));
  }
  if (line.empty()) line = "failed without a word";
  return base::system_error("criu: ", line, " (see ", log, ")");
}

}  // namespace container
