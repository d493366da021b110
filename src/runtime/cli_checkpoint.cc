#include <linux/sched.h>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "runtime/cli_commands.h"

namespace runtime {
namespace {

using container::ImageOptions;

// What the words of the line say, before they are values.
struct Words {
  std::string page_server{};
  std::vector<std::string> empty_namespaces{};
};

void add_cgroup_mode(CLI::App* command, ImageOptions& options) {
  using criu::CgroupMode;
  static const std::map<std::string, CgroupMode> modes{{"soft", CgroupMode::Soft},
                                                       {"full", CgroupMode::Full},
                                                       {"strict", CgroupMode::Strict},
                                                       {"ignore", CgroupMode::Ignore}};
  command
      ->add_option("--manage-cgroups-mode", options.cgroup_mode,
                   "soft (the default), full, strict or ignore: what of cgroups is restored")
      ->option_text("MODE")
      ->transform(CLI::CheckedTransformer(modes));
}

void add_network_lock(CLI::App* command, ImageOptions& options) {
  using criu::NetworkLock;
  static const std::map<std::string, NetworkLock> locks{{"iptables", NetworkLock::Iptables},
                                                        {"nftables", NetworkLock::Nftables},
                                                        {"skip", NetworkLock::Skip}};
  command
      ->add_option("--network-lock", options.network_lock,
                   "iptables, nftables or skip: how connections are held still meanwhile")
      ->option_text("METHOD")
      ->transform(CLI::CheckedTransformer(locks));
}

// Those of both commands.
void add_image_options(CLI::App* command, ImageOptions& options, Words& words) {
  command->add_option("--image-path", options.image_path, "folder of the image")
      ->option_text("DIR")
      ->capture_default_str();
  command
      ->add_option("--work-path", options.work_path, "folder for criu's log (default: the image's)")
      ->option_text("DIR");
  command->add_flag("--tcp-established", options.tcp_established, "keep open TCP connections");
  command->add_flag("--ext-unix-sk", options.external_unix_sockets,
                    "allow unix sockets that lead out of the container");
  command->add_flag("--shell-job", options.shell_job, "allow the caller's terminal and session");
  command->add_flag("--file-locks", options.file_locks, "keep file locks");
  command->add_flag("--link-remap", options.link_remap,
                    "keep open files that have lost their name");
  command->add_flag("--lazy-pages", options.lazy_pages, "leave memory behind until it is used");
  command->add_flag("--auto-dedup", options.auto_dedup, "free pages that are restored or repeated");
  command
      ->add_option("--empty-ns", words.empty_namespaces,
                   "namespace (network) that is restored without its content")
      ->option_text("NAMESPACE");
  add_cgroup_mode(command, options);
  add_network_lock(command, options);
}

// The refusal, or nothing.
std::string settle(const Words& words, ImageOptions& options) {
  for (const auto& name : words.empty_namespaces) {
    if (name != "network")
      return base::cat("--empty-ns: ", base::quote(name),
                       " cannot be left empty, only network can");
    options.empty_namespaces = CLONE_NEWNET;
  }
  if (words.page_server.empty()) return "";
  auto colon = words.page_server.find_last_of(':');
  constexpr int kLastPort = 65535;
  auto port = colon == std::string::npos
                  ? std::nullopt
                  : base::parse<int>(std::string_view(words.page_server).substr(colon + 1));
  if (!port || colon == 0 || *port < 1 || *port > kLastPort)
    return base::cat("--page-server: must be ADDRESS:PORT, got ", base::quote(words.page_server));
  auto address = words.page_server.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  options.page_server = {address, *port};
  return "";
}

void add_checkpoint_command(CLI::App& app, Choice& choice) {
  auto command = add_command(app, "checkpoint", "write a running container to disk and stop it",
                             "runtime checkpoint --image-path /var/tmp/c1 c1");
  auto checkpoint = std::make_shared<Checkpoint>();
  auto words = std::make_shared<Words>();
  auto& options = checkpoint->options;
  add_id(command, options.id);
  add_image_options(command, options, *words);
  command
      ->add_option("--parent-path", options.parent_path,
                   "earlier image, relative to this one, of which it is the difference")
      ->option_text("DIR");
  command->add_flag("--pre-dump", options.pre_dump, "only memory, while the container runs on");
  command->add_flag("--leave-running", options.leave_running, "do not stop the container");
  command->add_flag("--tcp-skip-in-flight", options.tcp_skip_in_flight,
                    "leave out connections that are being opened");
  command
      ->add_option("--status-fd", options.status_fd,
                   "descriptor that is told when lazy pages can be served")
      ->option_text("FD");
  command->add_option("--page-server", words->page_server, "criu page-server that gets the memory")
      ->option_text("ADDRESS:PORT");
  command->final_callback([checkpoint, words, &choice] {
    choice.refusal = settle(*words, checkpoint->options);
    if (choice.refusal.empty()) choice.command = *checkpoint;
  });
}

void add_restore_command(CLI::App& app, Choice& choice) {
  auto command = add_command(app, "restore", "make a container of what checkpoint wrote",
                             "runtime restore --image-path /var/tmp/c1 --bundle mybundle c1");
  auto restore = std::make_shared<Restore>();
  auto words = std::make_shared<Words>();
  auto& options = restore->options;
  add_new_id(command, options.image.id);
  add_image_options(command, options.image, *words);
  add_bundle(command, options.bundle);
  add_start_options(command, {options.pid_file, options.console_socket, options.preserve_fds});
  command->add_flag("-d,--detach", options.detach, "do not wait for its end");
  command->add_flag("--tcp-close", options.image.tcp_close, "close all TCP connections");
  command
      ->add_option("--lsm-profile", options.image.lsm_profile,
                   "security profile instead of the image's")
      ->option_text("TYPE:NAME");
  command
      ->add_option("--lsm-mount-context", options.image.lsm_mount_context,
                   "SELinux context of mounts instead of the image's")
      ->option_text("CONTEXT");
  command->add_flag("--no-subreaper", options.no_subreaper, "do not reap its orphans");
  command->add_flag("--no-pivot", options.no_pivot, "accepted for runc's callers: criu enters");
  command->final_callback([restore, words, &choice] {
    choice.refusal = settle(*words, restore->options.image);
    if (choice.refusal.empty()) choice.command = *restore;
  });
}

}  // namespace

void add_checkpoint(CLI::App& app, Choice& choice) {
  add_checkpoint_command(app, choice);
  add_restore_command(app, choice);
}

}  // namespace runtime
