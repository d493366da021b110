// The JSON members of the Linux section, of the system call filter and of the whole document.
#pragma once
#include "spec/config.h"
#include "spec/is.h"
#include "spec/members_process.h"
#include "spec/members_resources.h"
#include "spec/words.h"

namespace spec {

void members(auto& f, is<IdMapping> auto& x) {
  f.must("containerID", x.container_id);
  f.must("hostID", x.host_id);
  f.must("size", x.size);
}

void members(auto& f, is<Namespace> auto& x) {
  f.must_word("type", x.type, kNamespaceTypes);
  f.may("path", x.path);
}

void members(auto& f, is<TimeOffset> auto& x) {
  f.may("secs", x.secs);
  f.may("nanosecs", x.nanosecs);
}

void members(auto& f, is<Device> auto& x) {
  f.must_word("type", x.type, kDeviceTypes);
  f.must("path", x.path);
  // A fifo has no numbers, and where callers give some they mean nothing.
  f.must_unless(x.type == "p", "major", x.major);
  f.must_unless(x.type == "p", "minor", x.minor);
  f.may("fileMode", x.file_mode);
  f.may("uid", x.uid);
  f.may("gid", x.gid);
}

void members(auto& f, is<NetDevice> auto& x) { f.may("name", x.name); }

void members(auto& f, is<IntelRdt> auto& x) {
  f.may("closID", x.clos_id);
  f.may("schemata", x.schemata);
  f.may("l3CacheSchema", x.l3_cache_schema);
  f.may("memBwSchema", x.mem_bw_schema);
  f.may("enableMonitoring", x.enable_monitoring);
}

void members(auto& f, is<MemoryPolicy> auto& x) {
  f.must_word("mode", x.mode, kMemoryPolicyModes);
  f.may("nodes", x.nodes);
  f.may_words("flags", x.flags, kMemoryPolicyFlags);
}

void members(auto& f, is<Personality> auto& x) {
  f.must_word("domain", x.domain, kPersonalityDomains);
  f.may("flags", x.flags);
}

void members(auto& f, is<SeccompArgument> auto& x) {
  f.must("index", x.index);
  f.must("value", x.value);
  f.may("valueTwo", x.value_two);
  f.must_word("op", x.op, kSeccompOperators);
}

void members(auto& f, is<SeccompRule> auto& x) {
  f.must("names", x.names);
  f.must_word("action", x.action, kSeccompActions);
  f.may("errnoRet", x.errno_ret);
  f.may("args", x.args);
}

void members(auto& f, is<Seccomp> auto& x) {
  f.must_word("defaultAction", x.default_action, kSeccompActions);
  f.may("defaultErrnoRet", x.default_errno_ret);
  f.may_words("architectures", x.architectures, kSeccompArchitectures);
  f.may_words("flags", x.flags, kSeccompFlags);
  f.may("listenerPath", x.listener_path);
  f.may("listenerMetadata", x.listener_metadata);
  f.may("syscalls", x.syscalls);
}

void members(auto& f, is<Linux> auto& x) {
  f.may("namespaces", x.namespaces);
  f.may("uidMappings", x.uid_mappings);
  f.may("gidMappings", x.gid_mappings);
  f.inside("timeOffsets", [&](auto& clocks) {
    clocks.may("boottime", x.boottime);
    clocks.may("monotonic", x.monotonic);
  });
  f.may("devices", x.devices);
  f.keyed("netDevices", x.net_devices, &NetDevice::host_name);
  f.may("cgroupsPath", x.cgroups_path);
  f.may("resources", x.resources);
  f.propagation("rootfsPropagation", x.rootfs_propagation, x.rootfs_propagation_recursive);
  f.may("seccomp", x.seccomp);
  f.may("sysctl", x.sysctl);
  f.may("maskedPaths", x.masked_paths);
  f.may("readonlyPaths", x.readonly_paths);
  f.may("mountLabel", x.mount_label);
  f.may("intelRdt", x.intel_rdt);
  f.may("memoryPolicy", x.memory_policy);
  f.may("personality", x.personality);
}

void members(auto& f, is<Root> auto& x) {
  f.must("path", x.path);
  f.may("readonly", x.readonly);
}

void members(auto& f, is<Mount> auto& x) {
  f.must("destination", x.destination);
  f.may("type", x.type);
  f.may("source", x.source);
  f.may("options", x.options);
  f.may("uidMappings", x.uid_mappings);
  f.may("gidMappings", x.gid_mappings);
}

void members(auto& f, is<Config> auto& x) {
  f.must("ociVersion", x.oci_version);
  f.may("process", x.process);
  f.may("root", x.root);
  f.may("hostname", x.hostname);
  f.may("domainname", x.domainname);
  f.may("mounts", x.mounts);
  f.may("hooks", x.hooks);
  f.may("annotations", x.annotations);
  f.may("linux", x.linux_);
}

}  // namespace spec
