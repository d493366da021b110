#include "container/seal.h"

#include <fcntl.h>

#include "sys/file.h"
#include "sys/process.h"

namespace container {
namespace {

constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

}  // namespace

base::Status seal(const std::vector<std::string>& args, const std::vector<std::string>& env) {
  auto self = TRY(sys::openat(base::FdRef::cwd(), "/proc/self/exe", O_RDONLY), "seal");
  // Only a memory file has seals: any other answers EINVAL.
  auto seals = sys::get_seals(self);
  if (seals && (seals.value() & kSeals) == kSeals) return {};
  auto copy = TRY(sys::memfd_create("runtime"), "seal");
  constexpr std::size_t kAll = 1U << 30;
  while (TRY(sys::sendfile(copy, self, kAll), "seal") > 0) {
  }
  TRY(sys::fchmod(copy, 0500), "seal");
  TRY(sys::add_seals(copy, kSeals), "seal");
  return sys::fexecve(copy, args, env).in("seal");
}

}  // namespace container
