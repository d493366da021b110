#include "plan/seccomp_stub.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cstddef>

namespace plan {

using base::kernel::SockFilter;

namespace {

// Jump targets that are only known when all is laid out.
constexpr std::uint8_t kToEnosys = 255;
constexpr std::uint8_t kToFilter = 254;

constexpr std::uint32_t kX32Bit = 1U << 30;

SockFilter load(std::uint32_t offset) { return {BPF_LD | BPF_W | BPF_ABS, 0, 0, offset}; }
SockFilter jump(std::uint16_t op, std::uint32_t k, std::uint8_t jt, std::uint8_t jf) {
  return {static_cast<std::uint16_t>(BPF_JMP | op | BPF_K), jt, jf, k};
}

// What to do with the calls of one architecture; `own` is the limit of its ordinary calls and
// `x32` that of its x32 calls, or nothing.
std::vector<SockFilter> section(std::uint32_t arch, const NewestCall* own, const NewestCall* x32) {
  std::vector<SockFilter> out{load(offsetof(seccomp_data, nr))};
  if (arch == AUDIT_ARCH_S390 || arch == AUDIT_ARCH_S390X)
    out.push_back(jump(BPF_JEQ, 0, kToEnosys, 0));
  if (arch == AUDIT_ARCH_X86_64) {
    // x32 calls jump over the check of the others; a family without a limit goes to the filter.
    out.push_back(jump(BPF_JSET, kX32Bit, x32 ? std::uint8_t(own ? 1 : 0) : kToFilter,
                       own ? std::uint8_t{0} : kToFilter));
  }
  if (own) out.push_back(jump(BPF_JGT, own->number, kToEnosys, kToFilter));
  if (x32) out.push_back(jump(BPF_JGT, x32->number, kToEnosys, kToFilter));
  return out;
}

}  // namespace

std::vector<SockFilter> enosys_stub(const std::vector<NewestCall>& newest) {
  std::vector<std::uint32_t> archs;
  for (const auto& one : newest)
    if (std::find(archs.begin(), archs.end(), one.audit_arch) == archs.end())
      archs.push_back(one.audit_arch);
  if (archs.empty()) return {};

  std::vector<SockFilter> body;
  std::vector<std::size_t> starts;
  for (auto arch : archs) {
    const NewestCall* own = nullptr;
    const NewestCall* x32 = nullptr;
    for (const auto& one : newest)
      if (one.audit_arch == arch) (one.x32 ? x32 : own) = &one;
    starts.push_back(body.size());
    auto part = section(arch, own, x32);
    body.insert(body.end(), part.begin(), part.end());
  }

  // load arch; one comparison for each; to the filter; the sections; return ENOSYS.
  std::vector<SockFilter> out{load(offsetof(seccomp_data, arch))};
  for (std::size_t i = 0; i < archs.size(); ++i) {
    auto distance = archs.size() - i - 1 + 1 + starts[i];
    out.push_back(jump(BPF_JEQ, archs[i], static_cast<std::uint8_t>(distance), 0));
  }
  out.push_back({BPF_JMP | BPF_JA, 0, 0, static_cast<std::uint32_t>(body.size() + 1)});
  for (std::size_t i = 0; i < body.size(); ++i) {
    auto one = body[i];
    auto left = body.size() - i - 1;  // instructions between this one and the return
    for (auto* target : {&one.jt, &one.jf}) {
      if (*target == kToEnosys)
        *target = static_cast<std::uint8_t>(left);
      else if (*target == kToFilter)
        *target = static_cast<std::uint8_t>(left + 1);
    }
    out.push_back(one);
  }
  out.push_back({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS});
  return out;
}

}  // namespace plan
