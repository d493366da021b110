// Shared libraries that are loaded when they are needed.
#pragma once
#include <string>

namespace sys {

class Library {
 public:
  // Loads it, and keeps it until the process ends. man: dlopen(3), RTLD_NOW
  explicit Library(const char* name);

  // Why it could not be loaded; empty when it was.
  const std::string& problem() const { return problem_; }
  // The function of this name, or nullptr. man: dlsym(3)
  template <class Function>
  Function function(const char* name) const {
    return reinterpret_cast<Function>(find(name));
  }

 private:
  void* find(const char* name) const;
  void* handle_ = nullptr;
  std::string problem_{};
};

}  // namespace sys
