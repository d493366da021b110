// bpf(2) for device filters of cgroups: load, attach, list, detach.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace sys {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

// Loads a program of type BPF_PROG_TYPE_CGROUP_DEVICE (struct bpf_insn, 8 bytes each), the rest of
// the system permitting. man: bpf(2), Linux 4.15. The verifier's EAGAIN (a signal) is retried.
Result<Fd> bpf_load_device_filter(std::span<const std::byte> instructions);
// The ids of the device filters at this very group.
Result<std::vector<std::uint32_t>> bpf_device_filters(FdRef group);
// The program of this id.
Result<Fd> bpf_program(std::uint32_t id);
// Adds a filter to those that the group and its parents have: all must allow (BPF_F_ALLOW_MULTI).
Status bpf_attach_device_filter(FdRef group, FdRef program);
Status bpf_detach_device_filter(FdRef group, FdRef program);

}  // namespace sys
