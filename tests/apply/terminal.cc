#include "apply/terminal.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/terminal.h"

using base::FdRef;
using kernel::Outcome;

namespace {

// With /tmp/root as the container's root, a devpts in it if asked for.
Outcome with_root(bool devpts, const std::function<Outcome(FdRef)>& look) {
  return kernel::on_host([&]() -> Outcome {
    for (auto dir : {"/tmp/root", "/tmp/root/dev", "/tmp/root/dev/pts"}) ::mkdir(dir, 0755);
    if (devpts)
      WANT(::mount("devpts", "/tmp/root/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666") == 0);
    auto root = sys::openat(FdRef::cwd(), "/tmp/root", O_PATH | O_DIRECTORY);
    WANT_OK(root);
    return look(root.value());
  });
}

TEST_CASE("a terminal is a new pair of the container's devpts, of the planned size") {
  CHECK(with_root(true, [](FdRef root) -> Outcome {
          auto terminal = apply::open_terminal(root, {.console_size = plan::TerminalSize{24, 80}});
          WANT_OK(terminal);
          WANT(sys::isatty(terminal.value().slave));
          WANT(::access("/tmp/root/dev/pts/0", F_OK) == 0);
          auto size = sys::window_size(terminal.value().slave);
          WANT_OK(size);
          WANT(size.value().rows == 24 && size.value().columns == 80);
          return {};
        }) == "");
}

TEST_CASE("without a devpts there is no terminal, and what only looks like one is refused") {
  CHECK(with_root(false, [](FdRef root) -> Outcome {
          auto absent = apply::open_terminal(root, {});
          WANT(!absent);
          WANT(absent.error().text() ==
                   "process.terminal: the container has no devpts mounted on /dev/pts",
               absent.error().text());
          kernel::write_file("/tmp/root/dev/pts/ptmx", "");
          auto file = apply::open_terminal(root, {});
          WANT(!file);
          WANT(file.error().text().find("is not of a devpts") != std::string::npos,
               file.error().text());
          ::unlink("/tmp/root/dev/pts/ptmx");
          WANT(::symlink("/dev/pts/ptmx", "/tmp/root/dev/pts/ptmx") == 0);
          WANT(!apply::open_terminal(root, {}));
          return {};
        }) == "");
}

TEST_CASE("the terminal controls the session, is all three descriptors and the user's") {
  CHECK(with_root(true, [](FdRef root) -> Outcome {
          auto terminal = apply::open_terminal(root, {});
          WANT_OK(terminal);
          return kernel::in_child([&]() -> Outcome {
            WANT_OK(sys::setsid());
            auto uid = ::geteuid() == 0 ? 1000U : ::geteuid();
            WANT_OK(apply::use_terminal(terminal.value().slave, {.uid = uid}));
            for (int n : {0, 1, 2}) {
              WANT(::isatty(n));
              WANT(::fcntl(n, F_GETFD) == 0, "closed by exec: ", n);
            }
            WANT(::tcgetsid(0) == ::getpid());
            struct stat st {};
            WANT(::fstat(0, &st) == 0);
            WANT(st.st_uid == uid, st.st_uid);
            return {};
          });
        }) == "");
}

}  // namespace
