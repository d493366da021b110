// seccomp(2): loading a filter and asking what the kernel knows; and a thread that stays outside.
#pragma once
#include <atomic>
#include <cstdint>
#include <span>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/result.h"

namespace sys {

using base::Fd;
using base::Result;
using base::Status;

// Loads the program for the calling thread; flags: SECCOMP_FILTER_FLAG_…. Gives the listener
// (close-on-exec) when the flags hold NEW_LISTENER, else no descriptor. EACCES: neither
// no_new_privs nor CAP_SYS_ADMIN. man: seccomp(2), SECCOMP_SET_MODE_FILTER, Linux 3.17
Result<Fd> seccomp_filter(unsigned flags, std::span<const base::kernel::SockFilter> program);

// Whether the kernel takes these SECCOMP_FILTER_FLAG_… together; loads nothing.
bool knows_filter_flags(unsigned flags);
// Whether the kernel knows this SECCOMP_RET_…. man: seccomp(2), SECCOMP_GET_ACTION_AVAIL,
// Linux 4.14
bool knows_filter_action(std::uint32_t action);

// Starts run(argument) as a further thread of this process on `stack`, sharing memory,
// descriptors and even the thread-local storage (errno, malloc's cache): while it does more than
// wait, its starter may do nothing but wait for `running` to become 0, which happens when the
// thread has left its stack for ever; the kernel counts it as a thread for a moment more. man:
// clone(2), CLONE_THREAD, CLONE_CHILD_CLEARTID
Status start_thread(std::span<char> stack, int (*run)(void*), void* argument,
                    std::atomic<int>& running);

}  // namespace sys
