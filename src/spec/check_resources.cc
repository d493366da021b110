#include "spec/rules.h"

namespace spec {

namespace {
using base::config_error;
using base::quote;
using base::Status;

Status device_rules_have_known_access(const Resources& resources, std::string_view at) {
  for (std::size_t i = 0; i < resources.devices.size(); ++i) {
    const auto& rule = resources.devices[i];
    if (rule.access.find_first_not_of("rwm") != std::string::npos)
      return config_error(at, "devices[", i, "].access: must be made of r, w and m, got ",
                          quote(rule.access));
    if (rule.major && *rule.major < -1)
      return config_error(at, "devices[", i, "].major: must be -1 (all) or more, got ",
                          *rule.major);
    if (rule.minor && *rule.minor < -1)
      return config_error(at, "devices[", i, "].minor: must be -1 (all) or more, got ",
                          *rule.minor);
  }
  return {};
}

Status check_limit(std::optional<std::int64_t> bytes, std::string_view at, std::string_view name) {
  if (!bytes || *bytes >= -1) return {};
  return config_error(at, "memory.", name, ": must be -1 (no limit) or more, got ", *bytes);
}

// A reservation above the limit is lawful: the specification's own example has one.
Status memory_limits_agree(const Resources& resources, std::string_view at) {
  if (!resources.memory) return {};
  const auto& memory = *resources.memory;
  TRY(check_limit(memory.limit, at, "limit"));
  TRY(check_limit(memory.reservation, at, "reservation"));
  TRY(check_limit(memory.swap, at, "swap"));
  TRY(check_limit(memory.kernel, at, "kernel"));
  TRY(check_limit(memory.kernel_tcp, at, "kernelTCP"));
  auto limit = memory.limit.value_or(0), swap = memory.swap.value_or(0);
  if (limit > 0 && swap > 0 && swap < limit)
    return config_error(at, "memory.swap: counts memory and swap together, so must not be below ",
                        "memory.limit (", limit, "), got ", swap);
  if (memory.swappiness && *memory.swappiness > 100)
    return config_error(at, "memory.swappiness: must be from 0 to 100, got ", *memory.swappiness);
  return {};
}

Status cpu_limits_agree(const Resources& resources, std::string_view at) {
  if (!resources.cpu) return {};
  const auto& cpu = *resources.cpu;
  auto quota = cpu.quota.value_or(0);
  if (quota > 0 && cpu.burst && *cpu.burst > static_cast<std::uint64_t>(quota))
    return config_error(at, "cpu.burst: must not be above cpu.quota (", quota, "), got ",
                        *cpu.burst);
  if (cpu.idle && *cpu.idle != 0 && *cpu.idle != 1)
    return config_error(at, "cpu.idle: must be 0 or 1, got ", *cpu.idle);
  return {};
}

Status pids_limit_is_a_count(const Resources& resources, std::string_view at) {
  if (!resources.pids || !resources.pids->limit || *resources.pids->limit >= -1) return {};
  return config_error(at, "pids.limit: must be -1 (no limit) or more, got ",
                      *resources.pids->limit);
}

Status weighed_devices_have_a_weight(const Resources& resources, std::string_view at) {
  if (!resources.block_io) return {};
  const auto& devices = resources.block_io->weight_device;
  for (std::size_t i = 0; i < devices.size(); ++i)
    if (!devices[i].weight && !devices[i].leaf_weight)
      return config_error(at, "blockIO.weightDevice[", i, "]: must have weight or leafWeight");
  return {};
}

// "2MB", "64KB", "1GB"
bool is_page_size(std::string_view text) {
  if (text.size() < 3 || !text.ends_with('B')) return false;
  if (std::string_view("KMG").find(text[text.size() - 2]) == std::string_view::npos) return false;
  return text[0] != '0' && base::parse<std::uint64_t>(text.substr(0, text.size() - 2)).has_value();
}

Status page_sizes_are_spelled(const Resources& resources, std::string_view at) {
  for (std::size_t i = 0; i < resources.hugepage_limits.size(); ++i)
    if (!is_page_size(resources.hugepage_limits[i].page_size))
      return config_error(at, "hugepageLimits[", i, "].pageSize: must read like 64KB, 2MB, 1GB, ",
                          "got ", quote(resources.hugepage_limits[i].page_size));
  return {};
}

Status rdma_devices_have_a_limit(const Resources& resources, std::string_view at) {
  for (const auto& device : resources.rdma)
    if (!device.hca_handles && !device.hca_objects)
      return config_error(at, "rdma.", device.device, ": must have hcaHandles or hcaObjects");
  return {};
}

Status unified_keys_are_file_names(const Resources& resources, std::string_view at) {
  for (const auto& [key, text] : resources.unified) {
    auto dot = key.find('.');
    if (key.find('/') != std::string::npos || dot == std::string::npos || dot == 0 ||
        dot + 1 == key.size())
      return config_error(at, "unified: a name must read controller.parameter, got ", quote(key));
  }
  return {};
}

constexpr Rule<Resources> kResourcesRules[] = {
    {"config-linux.md#allowed-device-list", device_rules_have_known_access},
    {"config-linux.md#memory", memory_limits_agree},
    {"config-linux.md#cpu", cpu_limits_agree},
    {"config-linux.md#pids", pids_limit_is_a_count},
    {"config-linux.md#block-io", weighed_devices_have_a_weight},
    {"config-linux.md#huge-page-limits", page_sizes_are_spelled},
    {"config-linux.md#rdma", rdma_devices_have_a_limit},
    {"config-linux.md#unified", unified_keys_are_file_names},
};
}  // namespace

Status check_resources(const Resources& resources, std::string_view at) {
  return hold(resources, at, kResourcesRules);
}

}  // namespace spec
