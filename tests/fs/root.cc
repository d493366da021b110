#include "fs/root.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cerrno>

#include "folder.h"

using base::FdRef;

namespace {

// A root with something outside it that hostile links want.
struct Rooted {
  Rooted() {
    outer.write("secret", "outside");
    REQUIRE(fs::make_dirs(outer / "root", 0755));
    auto opened = sys::openat(FdRef::cwd(), outer / "root", O_PATH | O_DIRECTORY);
    REQUIRE(opened);
    fd = std::move(opened).value();
  }
  void link(const std::string& path, const std::string& target) const {
    REQUIRE(sys::symlinkat(target, fd, path));
  }
  bool has(const std::string& path) const { return outer.has("root/" + path); }
  // Outside the root there is what was there before.
  bool intact() const {
    auto dir = sys::openat(FdRef::cwd(), outer.path(), O_RDONLY | O_DIRECTORY);
    REQUIRE(dir);
    auto entries = fs::list_dir(dir.value());
    REQUIRE(entries);
    return entries.value().size() == 2 && outer.read("secret") == "outside";
  }
  Folder outer{};
  base::Fd fd{};
};

// Whether this descriptor is what stands at this path in the root.
bool is(const base::Result<base::Fd>& fd, const Rooted& root, const std::string& path) {
  if (!fd) return false;
  auto one = sys::fstat(fd.value());
  auto other = sys::fstatat(root.fd, path, AT_SYMLINK_NOFOLLOW);
  return one && other && one.value().st_ino == other.value().st_ino;
}

TEST_CASE("a clean path has no empty parts and no dots, and never leaves the root") {
  struct Row {
    const char* path;
    const char* clean;
  };
  for (auto row :
       {Row{"", ""}, Row{"/", ""}, Row{".", ""}, Row{"..", ""}, Row{"a", "a"},
        Row{"/a/../b//c", "b/c"}, Row{"../../a", "a"}, Row{"a/..", ""}, Row{"a/./b/.", "a/b"},
        Row{"a//b/", "a/b"}, Row{"...", "..."}, Row{"a/../../../b", "b"}})
    CHECK(fs::clean(row.path) == row.clean);
}

TEST_CASE("links and dots end at the root") {
  Rooted root;
  root.outer.write("root/etc/secret", "inside");
  root.link("absolute", "/etc/secret");
  root.link("up", "../../../../etc/secret");
  root.link("out", "../secret");
  root.link("etc/dir", "/../etc");
  for (auto path : {"absolute", "up", "/absolute", "../../etc/secret", "etc/dir/secret"}) {
    auto fd = fs::open_in(root.fd, path, O_RDONLY);
    REQUIRE_MESSAGE(fd, path);
    auto text = fs::read_all(fd.value());
    REQUIRE(text);
    CHECK(text.value() == "inside");
  }
  auto out = fs::open_in(root.fd, "out", O_RDONLY);
  REQUIRE(!out);
  CHECK(out.error().code() == ENOENT);
  auto host = root.outer / "secret";
  CHECK(!fs::open_in(root.fd, host, O_RDONLY));
}

TEST_CASE("a magic link is refused") {
  auto proc = sys::openat(FdRef::cwd(), "/proc", O_PATH | O_DIRECTORY);
  REQUIRE(proc);
  CHECK(!fs::open_in(proc.value(), "self/root/etc", O_PATH));
  CHECK(!fs::open_in(proc.value(), "self/cwd", O_PATH | O_DIRECTORY));
}

TEST_CASE("directories are made with their parents, beneath the root") {
  Rooted root;
  CHECK(is(fs::make_dirs_in(root.fd, "/a/b/../c", 0700), root, "a/c"));
  CHECK(!root.has("a/b"));
  CHECK(is(fs::make_dirs_in(root.fd, "a/c", 0700), root, "a/c"));
  CHECK(is(fs::make_dirs_in(root.fd, "../../x", 0700), root, "x"));
  CHECK(is(fs::make_dirs_in(root.fd, "", 0700), root, "."));
  root.outer.write("root/file", "");
  CHECK(!fs::make_dirs_in(root.fd, "file", 0700));
  CHECK(!fs::make_dirs_in(root.fd, "file/x", 0700));
  CHECK(root.intact());
}

TEST_CASE("the target of a dangling link is made, in the root wherever it points") {
  Rooted root;
  root.link("absolute", "/made/deep");
  root.link("up", "../../other");
  root.link("chain", "absolute/more");
  CHECK(is(fs::make_dirs_in(root.fd, "absolute/x", 0755), root, "made/deep/x"));
  CHECK(is(fs::make_dirs_in(root.fd, "up", 0755), root, "other"));
  CHECK(is(fs::make_dirs_in(root.fd, "chain", 0755), root, "made/deep/more"));
  root.link("host", root.outer / "created");
  CHECK(fs::make_dirs_in(root.fd, "host", 0755));
  CHECK(!root.outer.has("created"));
  CHECK(root.intact());
}

TEST_CASE("links that go round are an error and not a loop") {
  Rooted root;
  root.link("a", "b");
  root.link("b", "a");
  root.link("self", "self/x");
  for (auto path : {"a", "a/x", "self", "self/x"}) {
    CHECK(!fs::make_dirs_in(root.fd, path, 0755));
    CHECK(!fs::make_file_in(root.fd, path, 0644));
  }
  CHECK(root.intact());
}

TEST_CASE("a file to mount on is made where nothing is, and what is there stays") {
  Rooted root;
  CHECK(is(fs::make_file_in(root.fd, "a/file", 0644), root, "a/file"));
  auto st = sys::fstatat(root.fd, "a/file", 0);
  REQUIRE(st);
  CHECK(S_ISREG(st.value().st_mode));
  CHECK(st.value().st_size == 0);
  root.outer.write("root/full", "text");
  CHECK(is(fs::make_file_in(root.fd, "full", 0644), root, "full"));
  CHECK(root.outer.read("root/full") == "text");
  root.link("link", "../secret");
  CHECK(is(fs::make_file_in(root.fd, "link", 0644), root, "secret"));
  root.link("absolute", "/new/file");
  CHECK(is(fs::make_file_in(root.fd, "absolute", 0644), root, "new/file"));
  for (auto none : {"", "/", "..", "."}) CHECK(!fs::make_file_in(root.fd, none, 0644));
  CHECK(root.intact());
}

TEST_CASE("a parent is the directory of the last name, which is left alone") {
  Rooted root;
  auto parent = fs::make_parent_in(root.fd, "/a/b/c", 0755);
  REQUIRE(parent);
  CHECK(parent.value().name == "c");
  CHECK(root.has("a/b"));
  CHECK(!root.has("a/b/c"));
  for (auto none : {"/", "..", ".", "", "a/.."}) CHECK(!fs::make_parent_in(root.fd, none, 0755));
}

}  // namespace
