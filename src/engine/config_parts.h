// The parts of engine/config.h, by subject. Each takes wishes as typed and changes the
// configuration that image::convert made; errors are Kind::Usage and name the option.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "engine/containers.h"
#include "engine/context.h"
#include "engine/make_command.h"
#include "image/image_config.h"
#include "spec/config.h"

namespace engine {

// Groups, limits, --init, the host name in the environment. `root` has the image's /etc/group.
base::Status configure_process(const Context& context, const ProcessWishes& wishes,
                               base::FdRef root, spec::Config& config);

// Capabilities, --security-opt, the filter, --privileged but for its devices.
base::Status configure_security(const ProcessWishes& wishes, spec::Config& config);

// --device and --device-cgroup-rule; with --privileged all devices of the host.
base::Status configure_devices(const FileWishes& wishes, bool privileged, spec::Config& config);

// -v, --mount, --tmpfs, --volumes-from, --shm-size, the image's volumes, and the container's own
// files of /etc. Folders of the host that -v names are made; volumes too, and filled from `root`.
// The record knows the volumes then, and is saved.
base::Status configure_mounts(const Context& context, const FileWishes& wishes,
                              const image::ImageConfig& image, base::FdRef root,
                              Container& container, spec::Config& config);

// --pid, --ipc, --uts, --cgroupns, --userns, the names, sysctls, the cgroup's path. Namespaces of
// other containers go into record.joins.
base::Status configure_namespaces(const Context& context, const NamespaceWishes& wishes,
                                  Record& record, spec::Config& config);

// What a limit means for resources that may have limits already. Devices are looked up on the host.
base::Status apply_limits(const LimitWishes& limits, spec::Resources& resources);

// Labels, restart policy, how it is stopped and logged: into the record. Annotations.
base::Status configure_life(const LifeWishes& wishes, const image::ImageConfig& image,
                            Record& record, spec::Config& config);

// "no", "on-failure[:N]", "always", "unless-stopped", or nothing.
base::Result<Restart> parse_restart(std::string_view text);

// "nofile=64[:128]", "-1" for no limit. Kind::Usage.
base::Result<spec::Rlimit> parse_ulimit(std::string_view text);

// "c 42:* rwm". Kind::Usage.
base::Result<spec::DeviceRule> parse_device_rule(std::string_view text);

}  // namespace engine
