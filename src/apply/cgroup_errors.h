// What the kernel's answers say of a cgroup.
#pragma once
#include <cerrno>

#include "base/result.h"

namespace apply {

// The group is no longer there: by its path, or by a descriptor of one of its files.
inline bool is_gone(const base::Error& error) {
  return error.code() == ENOENT || error.code() == ENODEV;
}

// It is another's, or in a hierarchy that is mounted read-only.
inline bool is_denial(const base::Error& error) {
  return error.code() == EACCES || error.code() == EPERM || error.code() == EROFS;
}

}  // namespace apply
