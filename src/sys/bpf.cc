#include "sys/bpf.h"

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "sys/call.h"

namespace sys {
namespace {

// Longer than our headers' union: Linux 6.17 writes members of BPF_PROG_QUERY that they do not know
// whatever the size; the zeros at the end mean nothing to older kernels.
struct Attributes {
  union bpf_attr known;
  std::array<char, 128> more;
  // An initialiser would reach the first member of the union, and leave the others as they are.
  Attributes() { std::memset(static_cast<void*>(this), 0, sizeof *this); }
};

long bpf(int command, Attributes& attributes) {
  return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

std::uint32_t number(FdRef fd) { return static_cast<std::uint32_t>(fd.raw()); }

template <class T>
std::uint64_t address(const T* object) {
  return reinterpret_cast<std::uintptr_t>(object);
}

}  // namespace

Result<Fd> bpf_load_device_filter(std::span<const std::byte> instructions) {
  static constexpr char kLicense[] = "Apache-2.0";
  long n = -1;
  // Bounded: a signal that comes again and again must not hold us for ever.
  for (int attempt = 0; attempt < 5; ++attempt) {
    Attributes attributes;
    attributes.known.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.known.insns = address(instructions.data());
    attributes.known.insn_cnt =
        static_cast<std::uint32_t>(instructions.size() / sizeof(struct bpf_insn));
    attributes.known.license = address(kLicense);
    n = bpf(BPF_PROG_LOAD, attributes);
    if (n >= 0 || (errno != EAGAIN && errno != EINTR)) break;
  }
  if (n < 0) return failed("bpf BPF_PROG_LOAD", instructions.size() / sizeof(struct bpf_insn));
  return Fd(static_cast<int>(n));
}

Result<std::vector<std::uint32_t>> bpf_device_filters(FdRef group) {
  // The kernel's own limit of programs at one group.
  std::vector<std::uint32_t> ids(64);
  Attributes attributes;
  attributes.known.query.target_fd = number(group);
  attributes.known.query.attach_type = BPF_CGROUP_DEVICE;
  attributes.known.query.prog_ids = address(ids.data());
  attributes.known.query.prog_cnt = static_cast<std::uint32_t>(ids.size());
  if (bpf(BPF_PROG_QUERY, attributes) < 0) return failed("bpf BPF_PROG_QUERY", group);
  ids.resize(attributes.known.query.prog_cnt);
  return ids;
}

Result<Fd> bpf_program(std::uint32_t id) {
  Attributes attributes;
  attributes.known.prog_id = id;
  long n = bpf(BPF_PROG_GET_FD_BY_ID, attributes);
  if (n < 0) return failed("bpf BPF_PROG_GET_FD_BY_ID", id);
  return Fd(static_cast<int>(n));
}

Status bpf_attach_device_filter(FdRef group, FdRef program) {
  Attributes attributes;
  attributes.known.target_fd = number(group);
  attributes.known.attach_bpf_fd = number(program);
  attributes.known.attach_type = BPF_CGROUP_DEVICE;
  attributes.known.attach_flags = BPF_F_ALLOW_MULTI;
  if (bpf(BPF_PROG_ATTACH, attributes) < 0) return failed("bpf BPF_PROG_ATTACH", group, program);
  return {};
}

Status bpf_detach_device_filter(FdRef group, FdRef program) {
  Attributes attributes;
  attributes.known.target_fd = number(group);
  attributes.known.attach_bpf_fd = number(program);
  attributes.known.attach_type = BPF_CGROUP_DEVICE;
  if (bpf(BPF_PROG_DETACH, attributes) < 0) return failed("bpf BPF_PROG_DETACH", group, program);
  return {};
}

}  // namespace sys
