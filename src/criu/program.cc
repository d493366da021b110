#include "criu/program.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <optional>

#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"

namespace criu {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

// Its messages are one packet each, and short but for a complaint of some lines.
constexpr std::size_t kLongestAnswer = 1 << 16;

struct Heard {
  Answer answer{};
  Fd descriptor{};
};

Result<Heard> hear(FdRef socket) {
  std::string buffer(kLongestAnswer, '\0');
  auto received = TRY(sys::receive(socket, buffer), "criu");
  if (received.size == 0) return base::system_error("criu: ended without an answer");
  Heard out;
  out.answer = TRY(read_answer(std::string_view(buffer).substr(0, received.size)));
  out.descriptor = std::move(received.descriptor);
  return out;
}

bool executable(const std::string& path) {
  auto st = sys::fstatat(FdRef::cwd(), path, 0);
  return st && S_ISREG(st.value().st_mode) && (st.value().st_mode & 0111);
}

}  // namespace

Result<std::string> find(std::string_view search_path) {
  for (auto folder : base::split(search_path, ':')) {
    // A program of the working directory is nobody's wish.
    if (!folder.starts_with('/')) continue;
    auto path = base::cat(folder, "/criu");
    if (executable(path)) return path;
  }
  return base::Error(base::Kind::Unsupported,
                     "checkpoint and restore need the program criu, which is not in PATH: install "
                     "the package criu");
}

base::Error become(const std::string& path, FdRef socket, std::span<const int> kept,
                   const std::vector<std::string>& environment) {
  auto prepared = [&]() -> Status {
    TRY(sys::close_on_exec_from(3));
    TRY(sys::set_cloexec(socket, false));
    for (int number : kept) TRY(sys::set_cloexec(FdRef::inherited(number), false));
    return {};
  }();
  if (!prepared) return std::move(prepared).error();
  sys::reset_signals();
  return sys::execve(path, {path, "swrk", base::cat(socket.raw())}, environment);
}

Result<Version> version(FdRef socket) {
  TRY(sys::send(socket, ask_version()), "criu");
  auto heard = TRY(hear(socket));
  if (!heard.answer.version) return base::system_error("criu: does not tell its version");
  return *heard.answer.version;
}

Result<Features> features(FdRef socket) {
  TRY(sys::send(socket, ask_features()), "criu");
  auto heard = TRY(hear(socket));
  if (!heard.answer.success || !heard.answer.features)
    return base::system_error("criu: does not tell what this kernel can do");
  return *heard.answer.features;
}

Result<Answer> work(FdRef socket, const Request& request, const Listener& listener) {
  TRY(sys::send(socket, write_request(request)), "criu");
  std::optional<base::Error> refusal;
  for (;;) {
    auto next = hear(socket);
    if (!next && refusal) return *std::move(refusal);
    auto heard = TRY(std::move(next));
    if (!heard.answer.notice) {
      if (refusal) return *std::move(refusal);
      return std::move(heard.answer);
    }
    Notice notice;
    notice.script = heard.answer.script;
    notice.pid = heard.answer.pid;
    notice.descriptor = std::move(heard.descriptor);
    auto done = refusal ? Status(*refusal) : listener(std::move(notice));
    TRY(sys::send(socket, confirm(static_cast<bool>(done))), "criu");
    if (!done && !refusal) refusal = std::move(done).error();
  }
}

}  // namespace criu
