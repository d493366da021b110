#include "criu/message.h"

#include <rpc.pb-c.h>

#include <deque>
#include <memory>

namespace criu {
namespace {

constexpr int kLogLevel =
    4;  // compat: runc: everything, since the log is read only after a failure

// The library's structs borrow: the texts belong to the request, the structs and lists to this.
class Options {
 public:
  explicit Options(const Request& request) : request_(request) {
    rpc__options__init(&out_);
    files();
    switches();
    outside();
    choices();
  }
  Rpc__Options* get() { return &out_; }

 private:
  // The library takes char*, and writes to none of them.
  static char* text(const std::string& s) {
    return s.empty() ? nullptr : const_cast<char*>(s.c_str());
  }
  static char* required(const std::string& s) { return const_cast<char*>(s.c_str()); }
  static void number(int& has, int& member, int value) {
    has = 1;
    member = value;
  }
  static void flag(int& has, int& member, bool value) {
    if (!value) return;
    has = 1;
    member = 1;
  }

  void files() {
    out_.images_dir_fd = request_.images;
    if (request_.work >= 0) number(out_.has_work_dir_fd, out_.work_dir_fd, request_.work);
    number(out_.has_log_level, out_.log_level, kLogLevel);
    out_.log_file = text(request_.log_file);
    out_.root = text(request_.root);
    if (request_.pid) number(out_.has_pid, out_.pid, request_.pid);
    out_.config_file = text(request_.config_file);
    out_.parent_img = text(request_.parent_images);
    out_.freeze_cgroup = text(request_.freezer);
    out_.lsm_profile = text(request_.lsm_profile);
    out_.lsm_mount_context = text(request_.lsm_mount_context);
    if (!request_.page_server) return;
    rpc__page_server__init(&page_server_);
    page_server_.address = text(request_.page_server->address);
    number(page_server_.has_port, page_server_.port, request_.page_server->port);
    out_.ps = &page_server_;
  }

  void switches() {
    flag(out_.has_notify_scripts, out_.notify_scripts, true);
    flag(out_.has_orphan_pts_master, out_.orphan_pts_master, true);
    flag(out_.has_leave_running, out_.leave_running, request_.leave_running);
    flag(out_.has_ext_unix_sk, out_.ext_unix_sk, request_.external_unix_sockets);
    flag(out_.has_tcp_established, out_.tcp_established, request_.tcp_established);
    flag(out_.has_tcp_skip_in_flight, out_.tcp_skip_in_flight, request_.tcp_skip_in_flight);
    flag(out_.has_tcp_close, out_.tcp_close, request_.tcp_close);
    flag(out_.has_shell_job, out_.shell_job, request_.shell_job);
    flag(out_.has_file_locks, out_.file_locks, request_.file_locks);
    flag(out_.has_link_remap, out_.link_remap, request_.link_remap);
    flag(out_.has_track_mem, out_.track_mem, request_.track_memory);
    flag(out_.has_auto_dedup, out_.auto_dedup, request_.auto_dedup);
    flag(out_.has_lazy_pages, out_.lazy_pages, request_.lazy_pages);
    bool restore = request_.task == Task::Restore;
    // The restored process is a child of who asked, not of criu.
    flag(out_.has_rst_sibling, out_.rst_sibling, restore);
    flag(out_.has_evasive_devices, out_.evasive_devices, restore);
  }

  // Makes a list of the library's structs, each filled by `fill`.
  template <class Item, class Source, class Fill>
  void list(std::size_t& count, Item**& items, std::deque<Item>& own, std::vector<Item*>& pointers,
            const std::vector<Source>& sources, Fill fill) {
    for (const auto& source : sources) {
      fill(own.emplace_back(), source);
      pointers.push_back(&own.back());
    }
    count = pointers.size();
    items = pointers.data();
  }

  void outside() {
    list(out_.n_ext_mnt, out_.ext_mnt, mounts_, mount_list_, request_.mounts,
         [](auto& item, const Pair& pair) {
           rpc__external_mount__init(&item);
           item.key = required(pair.key);
           item.val = required(pair.value);
         });
    list(out_.n_cg_root, out_.cg_root, roots_, root_list_, request_.cgroup_roots,
         [](auto& item, const Pair& pair) {
           rpc__cgroup_root__init(&item);
           item.ctrl = required(pair.key);
           item.path = required(pair.value);
         });
    list(out_.n_join_ns, out_.join_ns, joined_, joined_list_, request_.joined,
         [](auto& item, const Pair& pair) {
           rpc__joined_namespace__init(&item);
           item.ns = required(pair.key);
           item.ns_file = required(pair.value);
         });
    list(out_.n_inherit_fd, out_.inherit_fd, inherited_, inherited_list_, request_.inherited,
         [](auto& item, const Inherited& one) {
           rpc__inherited_descriptor__init(&item);
           item.key = required(one.key);
           item.fd = one.number;
         });
    for (const auto& name : request_.external) external_.push_back(required(name));
    out_.n_external = external_.size();
    out_.external = external_.data();
  }

  void choices() {
    if (request_.empty_namespaces) {
      out_.has_empty_ns = 1;
      out_.empty_ns = request_.empty_namespaces;
    }
    if (request_.cgroup_mode) {
      out_.has_manage_cgroups_mode = 1;
      switch (*request_.cgroup_mode) {
        case CgroupMode::Ignore:
          out_.manage_cgroups_mode = RPC__CGROUP_MODE__CGROUP_IGNORE;
          break;
        case CgroupMode::Soft:
          out_.manage_cgroups_mode = RPC__CGROUP_MODE__CGROUP_SOFT;
          break;
        case CgroupMode::Full:
          out_.manage_cgroups_mode = RPC__CGROUP_MODE__CGROUP_FULL;
          break;
        case CgroupMode::Strict:
          out_.manage_cgroups_mode = RPC__CGROUP_MODE__CGROUP_STRICT;
          break;
      }
    }
    if (request_.network_lock) {
      out_.has_network_lock = 1;
      switch (*request_.network_lock) {
        case NetworkLock::Iptables:
          out_.network_lock = RPC__NETWORK_LOCK__LOCK_IPTABLES;
          break;
        case NetworkLock::Nftables:
          out_.network_lock = RPC__NETWORK_LOCK__LOCK_NFTABLES;
          break;
        case NetworkLock::Skip:
          out_.network_lock = RPC__NETWORK_LOCK__LOCK_SKIP;
          break;
      }
    }
  }

  const Request& request_;
  Rpc__Options out_{};
  Rpc__PageServer page_server_{};
  std::deque<Rpc__ExternalMount> mounts_{};
  std::vector<Rpc__ExternalMount*> mount_list_{};
  std::deque<Rpc__CgroupRoot> roots_{};
  std::vector<Rpc__CgroupRoot*> root_list_{};
  std::deque<Rpc__JoinedNamespace> joined_{};
  std::vector<Rpc__JoinedNamespace*> joined_list_{};
  std::deque<Rpc__InheritedDescriptor> inherited_{};
  std::vector<Rpc__InheritedDescriptor*> inherited_list_{};
  std::vector<char*> external_{};
};

std::string bytes_of(const Rpc__Request& request) {
  std::string out(rpc__request__get_packed_size(&request), '\0');
  rpc__request__pack(&request, reinterpret_cast<std::uint8_t*>(out.data()));
  return out;
}

Rpc__Request request_of(Rpc__Type type) {
  Rpc__Request out;
  rpc__request__init(&out);
  out.type = type;
  return out;
}

std::string question(Rpc__Type type, Rpc__Features* features) {
  auto request = request_of(type);
  request.has_keep_open = 1;
  request.keep_open = 1;
  request.features = features;
  return bytes_of(request);
}

}  // namespace

std::string write_request(const Request& request) {
  Options options(request);
  auto out = request_of(request.task == Task::Dump      ? RPC__TYPE__DUMP
                        : request.task == Task::PreDump ? RPC__TYPE__PRE_DUMP
                                                        : RPC__TYPE__RESTORE);
  out.opts = options.get();
  return bytes_of(out);
}

std::string ask_version() { return question(RPC__TYPE__VERSION, nullptr); }

std::string ask_features() {
  Rpc__Features all;
  rpc__features__init(&all);
  all.has_mem_track = all.mem_track = 1;
  all.has_lazy_pages = all.lazy_pages = 1;
  return question(RPC__TYPE__FEATURE_CHECK, &all);
}

std::string confirm(bool success) {
  auto request = request_of(RPC__TYPE__NOTIFY);
  request.has_notify_success = 1;
  request.notify_success = success;
  return bytes_of(request);
}

base::Result<Answer> read_answer(std::string_view bytes) {
  struct Free {
    void operator()(Rpc__Response* r) const { rpc__response__free_unpacked(r, nullptr); }
  };
  std::unique_ptr<Rpc__Response, Free> in(rpc__response__unpack(
      nullptr, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data())));
  if (!in) return base::system_error("criu: its answer is not of its protocol");
  Answer out;
  out.notice = in->type == RPC__TYPE__NOTIFY;
  out.success = in->success;
  out.code = in->cr_errno;
  if (in->cr_errmsg) out.complaint = base::trim(in->cr_errmsg);
  if (in->restore) out.pid = in->restore->pid;
  if (in->notify) {
    if (in->notify->script) out.script = in->notify->script;
    out.pid = in->notify->pid;
  }
  if (in->version)
    out.version =
        Version{{in->version->major_number, in->version->minor_number, in->version->sublevel}};
  if (in->features)
    out.features = Features{static_cast<bool>(in->features->mem_track),
                            static_cast<bool>(in->features->lazy_pages)};
  return out;
}

}  // namespace criu
