#include "container/checkpoint.h"

#include <fcntl.h>

#include "apply/probe.h"
#include "container/external.h"
#include "container/record.h"
#include "container/remove.h"
#include "container/states.h"
#include "fs/files.h"
#include "plan/rootfs.h"
#include "spec/read.h"
#include "sys/file.h"
#include "sys/identity.h"

namespace container {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

constexpr const char* kLogFile = "dump.log";

Status check_status(spec::Status status, const std::string& id) {
  if (status == spec::Status::Running || status == spec::Status::Paused) return {};
  return base::state_error("container ", id, ": cannot checkpoint it while it is ",
                           spec::word(status));
}

// --status-fd is of use with --lazy-pages alone.
Status check_status_fd(const ImageOptions& options) {
  if (options.status_fd < 0 || !options.lazy_pages) return {};
  TRY(sys::write(FdRef::inherited(options.status_fd), ""), "--status-fd ", options.status_fd,
      ": cannot be written to");
  return {};
}

// compat: runc: one zero byte, and the end.
Status tell_ready(int status_fd) {
  if (status_fd < 0) return {};
  base::Fd status(status_fd);
  TRY(sys::write(status, std::string_view("\0", 1)), "--status-fd");
  return {};
}

// In the new process: criu has nothing to do with our caller's descriptors.
Status detach_descriptors() {
  auto null = TRY(sys::openat(FdRef::cwd(), "/dev/null", O_RDWR));
  for (int n : {0, 1, 2}) TRY(sys::place_at(null, n));
  return {};
}

// For the image: which descriptors a restore has to give. Those of a terminal are of the container.
Result<std::vector<std::string>> descriptors(const Saved& saved, const fs::Proc& proc) {
  if (!saved.descriptors.empty()) return saved.descriptors;
  std::vector<std::string> out;
  for (int n : {0, 1, 2}) {
    auto link = sys::readlinkat(proc.fd(), base::cat(saved.pid, "/fd/", n));
    out.push_back(link ? std::move(link).value() : "");
  }
  return out;
}

std::string freezer_of(const apply::CgroupPaths& cgroup) {
  auto group = cgroup.with_v1("freezer");
  if (!group) group = cgroup.unified();
  return group ? group->full() : "";
}

// What criu must be told of the container that is not in the options.
Status describe(const Record& record, const fs::Proc& proc, const spec::Config& config,
                criu::Request& request) {
  const auto& saved = record.saved;
  auto host = TRY(apply::probe(proc));
  plan::Request planned;
  planned.id = saved.id;
  planned.bundle = saved.bundle;
  auto rootfs = TRY(plan::rootfs(config, host, planned, {}));
  auto of_host = TRY(fs::read_mountinfo());
  auto init = static_cast<pid_t>(saved.pid);
  request.mounts =
      TRY(present_mounts(with_submounts(external_mounts(rootfs), of_host), init, proc));
  request.external = TRY(external_namespaces(config.linux_, init, proc));
  for (const auto& name : saved.descriptors)
    if (auto word = external_word(name); !word.empty()) request.external.push_back(word);
  return {};
}

Status write_descriptors(const Saved& saved, const fs::Proc& proc, FdRef images) {
  auto names = TRY(descriptors(saved, proc));
  return fs::replace_file(images, kDescriptors, base::dump(base::Json(names)), 0600);
}

}  // namespace

Status checkpoint(const ImageOptions& options, std::vector<std::string>& warnings) {
  if (sys::geteuid() != 0)
    warnings.emplace_back("checkpoint: criu can do little without root's privileges");
  CriuStart start;
  start.path = TRY(criu::find(options.search_path));
  start.prepare = detach_descriptors;
  TRY(check_status_fd(options));
  auto proc = TRY(fs::Proc::open());
  auto record = TRY(Record::load(options.root, options.id));
  TRY(record.lock());
  TRY(record.reload());
  auto state = TRY(status_of(record, proc));
  TRY(check_status(state, options.id));
  auto init = TRY(open_init(record.saved, proc));
  if (!init) return check_status(spec::Status::Stopped, options.id);
  auto text = TRY(record.config());
  auto config = TRY(spec::read_config(text), "config.json");
  auto folders = TRY(open_folders(options, Folders::Make));
  auto request = request_of(options, folders, config.annotations);
  request.task = options.pre_dump ? criu::Task::PreDump : criu::Task::Dump;
  request.log_file = kLogFile;
  request.root = record.saved.rootfs;
  request.pid = static_cast<int>(record.saved.pid);
  request.freezer = freezer_of(record.saved.cgroup);
  if (!options.pre_dump) TRY(describe(record, proc, config, request));
  auto criu = TRY(Criu::start(start, options, folders, proc));
  if (options.pre_dump) TRY(criu.need_memory_tracking());
  if (options.lazy_pages) TRY(criu.need_lazy_pages());
  if (!options.pre_dump) TRY(write_descriptors(record.saved, proc, folders.images));
  auto listener = [&](criu::Notice notice) {
    return notice.script == "status-ready" ? tell_ready(options.status_fd) : Status();
  };
  (void)TRY(criu.work(request, folders, listener, warnings));
  if (options.leave_running || options.pre_dump) return {};
  TRY(await_end(*init, kEndPatience), "init of ", options.id);
  record.saved.checkpointed = true;
  return record.save();
}

}  // namespace container
