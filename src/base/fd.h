// Fd owns a descriptor; FdRef borrows one. No other way to hold a descriptor.
#pragma once
#include <unistd.h>

#include <optional>
#include <utility>

namespace base {

class Fd {
 public:
  constexpr Fd() = default;
  explicit constexpr Fd(int n) : n_(n) {}
  Fd(Fd&& o) noexcept : n_(std::exchange(o.n_, -1)) {}
  Fd& operator=(Fd&& o) noexcept {
    Fd old(std::exchange(n_, std::exchange(o.n_, -1)));
    return *this;
  }
  ~Fd() {
    if (n_ >= 0) ::close(n_);
  }
  explicit operator bool() const { return n_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(n_, -1); }
  void close() { *this = Fd(); }
  int raw() const { return n_; }

 private:
  int n_ = -1;
};

class FdRef {
 public:
  FdRef(const Fd& fd) : n_(fd.raw()) {}
  FdRef(Fd&&) = delete;
  // AT_FDCWD: relative paths start at the working directory.
  static constexpr FdRef cwd() { return FdRef(-100); }
  // The standard descriptors 0, 1, 2, which nobody owns, and inherited ones (LISTEN_FDS).
  static constexpr FdRef inherited(int n) { return FdRef(n); }
  constexpr int raw() const { return n_; }

 private:
  explicit constexpr FdRef(int n) : n_(n) {}
  int n_;
};

// A descriptor that may be absent.
inline std::optional<FdRef> opt_ref(const Fd& fd) {
  if (!fd) return std::nullopt;
  return FdRef(fd);
}

}  // namespace base
