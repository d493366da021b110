#include "fs/tree.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>

#include "folder.h"
#include "kernel.h"

using base::FdRef;
using kernel::Outcome;

namespace {

base::Fd open_dir(const std::string& path) {
  auto fd = sys::openat(FdRef::cwd(), path, O_RDONLY | O_DIRECTORY);
  return fd ? std::move(fd).value() : base::Fd();
}

// "from" to "to".
base::Status copied(const Folder& folder) {
  auto from = open_dir(folder / "from");
  auto to = open_dir(folder / "to");
  return fs::copy_tree(from, to);
}

struct stat status_of(const std::string& path) {
  struct stat st {};
  (void)::lstat(path.c_str(), &st);
  return st;
}

TEST_CASE("a tree is removed with all that it holds, and what its links name stays") {
  Folder folder;
  folder.write("outside/file", "stays");
  folder.write("tree/a/b/file", "");
  folder.write("tree/file", "");
  auto dir = open_dir(folder.path());
  REQUIRE(sys::symlinkat("../outside", dir, "tree/dir"));
  REQUIRE(sys::symlinkat("../outside/file", dir, "tree/link"));
  REQUIRE(sys::symlinkat("nowhere", dir, "tree/dangling"));
  REQUIRE(sys::mkfifoat(dir, "tree/fifo", 0600));
  REQUIRE(sys::mkdirat(dir, "tree/unreadable", 0));
  CHECK(fs::remove_tree(dir, "tree"));
  CHECK(!folder.has("tree"));
  CHECK(folder.read("outside/file") == "stays");
}

TEST_CASE("a link is removed and not what it names, an absent name is fine") {
  Folder folder;
  folder.write("outside/file", "stays");
  auto dir = open_dir(folder.path());
  REQUIRE(sys::symlinkat("outside", dir, "link"));
  CHECK(fs::remove_tree(dir, "link"));
  CHECK(!folder.has("link"));
  CHECK(folder.has("outside/file"));
  CHECK(fs::remove_tree(dir, "link"));
  CHECK(fs::remove_tree(dir, "outside/file"));
  CHECK(!folder.has("outside/file"));
}

TEST_CASE("a deep tree is removed with few descriptors") {
  Folder folder;
  auto dir = open_dir(folder.path());
  auto here = open_dir(folder.path());
  for (int i = 0; i < 2000; ++i) {
    REQUIRE(sys::mkdirat(here, "d", 0700));
    auto next = sys::openat(here, "d", O_RDONLY | O_DIRECTORY);
    REQUIRE(next);
    here = std::move(next).value();
  }
  here.close();
  CHECK(fs::remove_tree(dir, "d"));
  CHECK(!folder.has("d"));
}

TEST_CASE("what is to be kept stays, with the folders above it") {
  Folder folder;
  folder.write("tree/a/keep", "");
  folder.write("tree/a/go", "");
  folder.write("tree/b/go", "");
  auto dir = open_dir(folder.path());
  CHECK(fs::remove_tree_except(
      dir, "tree", [](std::uint64_t, const std::string& name) { return name == "keep"; }));
  CHECK(folder.has("tree/a/keep"));
  CHECK(!folder.has("tree/a/go"));
  CHECK(!folder.has("tree/b"));
}

TEST_CASE("an emptied directory stays itself") {
  Folder folder;
  folder.write("a/file", "");
  folder.write("b", "");
  auto dir = open_dir(folder.path());
  CHECK(fs::empty_dir(dir));
  auto entries = fs::list_dir(dir);
  REQUIRE(entries);
  CHECK(entries.value().empty());
}

TEST_CASE("what is mounted in a tree is an error, and stays as it is") {
  CHECK(kernel::on_host([]() -> Outcome {
          Folder folder;
          folder.write("tree/mounted/x", "");
          auto mounted = folder / "tree/mounted";
          auto source = folder.write("source/file", "stays");
          WANT(::mount((folder / "source").c_str(), mounted.c_str(), nullptr, MS_BIND, nullptr) ==
               0);
          auto dir = open_dir(folder.path());
          WANT(!fs::remove_tree(dir, "tree"));
          WANT(folder.read("source/file") == "stays", "a bind mount was emptied");
          WANT(::umount2(mounted.c_str(), MNT_DETACH) == 0);
          WANT(::mount("x", mounted.c_str(), "tmpfs", 0, nullptr) == 0);
          folder.write("tree/mounted/file", "stays");
          WANT(!fs::remove_tree(dir, "tree"));
          WANT(folder.read("tree/mounted/file") == "stays", "another file system was emptied");
          WANT(::umount2(mounted.c_str(), MNT_DETACH) == 0);
          WANT_OK(fs::remove_tree(dir, "tree"));
          return {};
        }) == "");
}

TEST_CASE("a copy has the texts, kinds, modes and times of the original, links as they are") {
  Folder folder;
  folder.write("from/a/file", std::string(100'000, 'x'));
  folder.write("from/empty", "");
  auto dir = open_dir(folder.path());
  REQUIRE(sys::symlinkat("/etc/passwd", dir, "from/link"));
  REQUIRE(sys::mkfifoat(dir, "from/fifo", 0600));
  REQUIRE(::chmod((folder / "from/a/file").c_str(), 04751) == 0);
  REQUIRE(::chmod((folder / "from/a").c_str(), 01700) == 0);
  const struct timespec times[2] = {{1000, 5}, {2000, 7}};
  for (auto name : {"from/a/file", "from/link", "from/a"})
    REQUIRE(sys::utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW));
  REQUIRE(sys::mkdirat(dir, "to", 0755));
  REQUIRE(copied(folder));
  CHECK(folder.read("to/a/file") == std::string(100'000, 'x'));
  CHECK(folder.read("to/empty").empty());
  auto target = sys::readlinkat(dir, "to/link");
  REQUIRE(target);
  CHECK(target.value() == "/etc/passwd");
  for (std::string name : {"a", "a/file", "empty", "link", "fifo"}) {
    auto original = status_of(folder / ("from/" + name));
    auto copy = status_of(folder / ("to/" + name));
    CHECK_MESSAGE(copy.st_mode == original.st_mode, name);
    CHECK(copy.st_mtim.tv_sec == original.st_mtim.tv_sec);
    CHECK(copy.st_mtim.tv_nsec == original.st_mtim.tv_nsec);
    CHECK(copy.st_ino != original.st_ino);
  }
  CHECK(status_of(folder / "to/a/file").st_mtim.tv_sec == 2000);
}

TEST_CASE("a copy has the owners, devices and extended attributes of the original") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: needs root");
    return;
  }
  CHECK(kernel::on_host([]() -> Outcome {
          Folder folder;
          folder.write("from/file", "x");
          auto dir = open_dir(folder.path());
          WANT_OK(sys::symlinkat("x", dir, "from/link"));
          WANT_OK(sys::mknodat(dir, "from/null", S_IFCHR | 0666, ::makedev(1, 3)));
          for (auto name : {"from/file", "from/link", "from/null"})
            WANT_OK(sys::fchownat(dir, name, 12, 34, AT_SYMLINK_NOFOLLOW));
          auto file = folder / "from/file";
          WANT(::chmod(file.c_str(), 06755) == 0);
          // A file capability (cap_net_raw+ep), which a later change of owner would clear.
          const unsigned char capability[20] = {0, 0, 0, 2, 0, 0x20};
          auto stored = ::setxattr(file.c_str(), "security.capability", capability,
                                   sizeof capability, 0) == 0;
          WANT_OK(sys::mkdirat(dir, "to", 0755));
          WANT_OK(copied(folder));
          for (auto name : {"to/file", "to/link", "to/null"}) {
            WANT(status_of(folder / name).st_uid == 12, name);
            WANT(status_of(folder / name).st_gid == 34, name);
          }
          WANT(status_of(folder / "to/null").st_rdev == ::makedev(1, 3));
          WANT((status_of(folder / "to/file").st_mode & 07777) == 06755);
          char value[64];
          auto size =
              ::getxattr((folder / "to/file").c_str(), "security.capability", value, sizeof value);
          WANT(!stored || size == 20, size);
          return {};
        }) == "");
}

}  // namespace
