// Error, Result<T>, Status and TRY: how everything here fails.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/text.h"

namespace base {

// What differs for the caller, and nothing finer.
enum class Kind {
  Usage,          // the command line is wrong
  Config,         // a document (config.json, manifest, layer …) is wrong
  Unsupported,    // asked for what this kernel or this build cannot do
  State,          // the thing is not in the state that the operation needs
  System,         // the system refused
  Exists,         // the name is taken
  NotFound,       // there is no such thing
  NoProgram,      // the container has no such program: 127 in a shell's words
  NotExecutable,  // it has, but it cannot be executed: 126
  OutOfMemory,    // killed for want of memory
};
inline constexpr Kind kLastKind = Kind::OutOfMemory;

// The kind's name for programs, which stays as it is: "usage", "config", "unsupported", "state",
// "system", "exists", "not-found", "no-program", "not-executable", "out-of-memory".
std::string_view word(Kind kind);
// "ENOENT"; empty for 0 and for what is none.
std::string_view errno_name(int code);

// One flat sentence that grows outward by context.
class [[nodiscard]] Error {
 public:
  Error(Kind kind, std::string text) : kind_(kind), text_(std::move(text)) {}
  Error(Kind kind, int code, std::string text) : kind_(kind), code_(code), text_(std::move(text)) {}
  // "call: No such file or directory"; ENOSYS becomes Kind::Unsupported.
  static Error from_errno(int code, std::string_view call);

  Error in(std::string_view context) && {
    text_.insert(0, ": ").insert(0, context);
    return std::move(*this);
  }
  // The same, of another kind.
  Error as(Kind kind) && {
    kind_ = kind;
    return std::move(*this);
  }
  Kind kind() const { return kind_; }
  // The errno, or 0 where no call failed.
  int code() const { return code_; }
  const std::string& text() const { return text_; }

 private:
  Kind kind_;
  int code_ = 0;
  std::string text_;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : v_(std::in_place_index<0>, std::move(value)) {}
  Result(Error e) : v_(std::in_place_index<1>, std::move(e)) {}
  explicit operator bool() const { return v_.index() == 0; }
  T& value() & { return *std::get_if<0>(&v_); }
  const T& value() const& { return *std::get_if<0>(&v_); }
  T value() && { return std::move(*std::get_if<0>(&v_)); }
  const Error& error() const& { return *std::get_if<1>(&v_); }
  Error error() && { return std::move(*std::get_if<1>(&v_)); }

 private:
  std::variant<T, Error> v_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error e) : e_(std::move(e)) {}
  explicit operator bool() const { return !e_; }
  void value() && {}
  const Error& error() const& { return *e_; }
  Error error() && { return *std::move(e_); }

 private:
  std::optional<Error> e_;
};
using Status = Result<void>;

template <class... Parts>
Error usage_error(const Parts&... parts) {
  return Error(Kind::Usage, cat(parts...));
}
template <class... Parts>
Error config_error(const Parts&... parts) {
  return Error(Kind::Config, cat(parts...));
}
template <class... Parts>
Error unsupported(const Parts&... parts) {
  return Error(Kind::Unsupported, cat(parts...));
}
template <class... Parts>
Error state_error(const Parts&... parts) {
  return Error(Kind::State, cat(parts...));
}
template <class... Parts>
Error system_error(const Parts&... parts) {
  return Error(Kind::System, cat(parts...));
}

// A visitor made of lambdas, for std::visit over a closed choice.
template <class... F>
struct each : F... {
  using F::operator()...;
};
template <class... F>
each(F...) -> each<F...>;  // clang 14 does not deduce aggregates

}  // namespace base

// The value of `expr`, or return its error with the context (joined only on failure) in front.
// One TRY per statement, at its start or after `name =` or `return`; never inside a braced
// initialiser, where both compilers leak what was already built.
#define TRY(expr, ...)                                                          \
  __extension__({                                                               \
    auto try_ = (expr);                                                         \
    if (!try_) [[unlikely]]                                                     \
      return std::move(try_).error() __VA_OPT__(.in(::base::cat(__VA_ARGS__))); \
    std::move(try_).value();                                                    \
  })
