#include "sys/filter.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/call.h"

namespace sys {

using base::kernel::SockFilter;
static_assert(sizeof(SockFilter) == sizeof(sock_filter));
static_assert(sizeof(std::atomic<int>) == sizeof(int) && std::atomic<int>::is_always_lock_free);

Result<Fd> seccomp_filter(unsigned flags, std::span<const SockFilter> program) {
  sock_fprog whole{};
  whole.len = static_cast<unsigned short>(program.size());
  whole.filter = reinterpret_cast<sock_filter*>(const_cast<SockFilter*>(program.data()));
  long n = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &whole);
  if (n < 0) return failed("seccomp", SECCOMP_SET_MODE_FILTER, flags, program.size());
  return Fd(flags & SECCOMP_FILTER_FLAG_NEW_LISTENER ? static_cast<int>(n) : -1);
}

bool knows_filter_flags(unsigned flags) {
  // The kernel looks at the flags before it reads the program, which is nowhere.
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, nullptr) < 0 && errno == EFAULT;
}

bool knows_filter_action(std::uint32_t action) {
  return ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

Status start_thread(std::span<char> stack, int (*run)(void*), void* argument,
                    std::atomic<int>& running) {
  running.store(1);
  auto top = reinterpret_cast<std::uintptr_t>(stack.data() + stack.size()) & ~std::uintptr_t{15};
  int flags = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND | CLONE_FILES | CLONE_FS | CLONE_SYSVSEM |
              CLONE_CHILD_CLEARTID;
  int n = ::clone(run, reinterpret_cast<void*>(top), flags, argument, nullptr, nullptr,
                  reinterpret_cast<int*>(&running));
  if (n < 0) {
    running.store(0);
    return failed("clone", flags);
  }
  return {};
}

}  // namespace sys
