#include "sys/library.h"

#include <dlfcn.h>

namespace sys {

Library::Library(const char* name) : handle_(::dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
  if (handle_) return;
  // "libx.so.1: cannot open shared object file: No such file or directory"
  const char* said = ::dlerror();
  problem_ = said ? said : name;
}

void* Library::find(const char* name) const { return handle_ ? ::dlsym(handle_, name) : nullptr; }

}  // namespace sys
