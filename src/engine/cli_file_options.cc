#include <CLI/CLI.hpp>

#include "engine/cli_make_options.h"

namespace engine {

void add_file_options(CLI::App* command, FileWishes& files) {
  OptionGroup add(command, "Files");
  add.many("-v,--volume", files.volumes, "[HOST|NAME:]PATH[:OPTIONS]",
           "a file, folder or volume of the host at PATH; options: ro, nocopy, rshared, ...");
  add.many("--mount", files.mounts, "type=TYPE,...",
           "the same in words: type=bind, volume or tmpfs, src=, dst=, ro, ...");
  add.many("--tmpfs", files.tmpfs, "PATH[:OPTIONS]", "a folder in memory");
  add.many("--volumes-from", files.volumes_from, "CONTAINER[:ro]", "the volumes of another");
  add.flag("--read-only", files.read_only, "make the root file system read-only");
  add.one("--shm-size", files.shm_size, "SIZE", "of /dev/shm (64M)");
  add.many("--device", files.devices, "HOST[:PATH][:rwm]", "a device, or a folder of them");
  add.many("--device-cgroup-rule", files.device_rules, "RULE",
           "allow more devices, such as \"c 42:* rmw\"");
}

}  // namespace engine
