#include "fs/files.h"

#include <doctest/doctest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "folder.h"

using base::FdRef;

namespace {

base::Fd open_dir(const Folder& folder) {
  auto fd = sys::openat(FdRef::cwd(), folder.path(), O_RDONLY | O_DIRECTORY);
  REQUIRE(fd);
  return std::move(fd).value();
}

TEST_CASE("a file of exactly the limit is read, one byte more is an error") {
  Folder folder;
  folder.write("x", std::string(100'000, 'x'));
  auto dir = open_dir(folder);
  auto whole = fs::read_file(dir, "x", 100'000);
  REQUIRE(whole);
  CHECK(whole.value() == std::string(100'000, 'x'));
  auto refused = fs::read_file(dir, "x", 99'999);
  REQUIRE(!refused);
  CHECK(refused.error().text() == "x: longer than 99999 bytes");
  CHECK(!fs::read_file(dir, "none"));
}

TEST_CASE("a file is replaced as a whole, by another file") {
  Folder folder;
  folder.write("x", "a longer text that was there");
  auto dir = open_dir(folder);
  auto old = sys::openat(dir, "x", O_RDONLY);
  REQUIRE(old);
  for (auto lasting : {fs::Lasting::Disk, fs::Lasting::Run}) {
    REQUIRE(fs::replace_file(dir, "x", "new", 0600, lasting));
    CHECK(folder.read("x") == "new");
  }
  auto text = fs::read_all(old.value());
  REQUIRE(text);
  CHECK(text.value() == "a longer text that was there");
  struct stat st {};
  REQUIRE(::stat((folder / "x").c_str(), &st) == 0);
  CHECK((st.st_mode & 0777) == 0600);
  auto entries = fs::list_dir(dir);
  REQUIRE(entries);
  CHECK(entries.value().size() == 1);
}

TEST_CASE("what cannot be replaced stays as it was, and nothing temporary is left") {
  Folder folder;
  REQUIRE(fs::make_dirs(folder / "x/inner", 0755));
  auto dir = open_dir(folder);
  CHECK(!fs::replace_file(dir, "x", "new", 0600));
  CHECK(folder.has("x/inner"));
  auto entries = fs::list_dir(dir);
  REQUIRE(entries);
  CHECK(entries.value().size() == 1);
}

TEST_CASE("what a killed writer left is overwritten, a link in its place is not followed") {
  Folder folder;
  folder.write(".x.new", "half a text, longer than the new one");
  folder.write("elsewhere", "stays");
  auto dir = open_dir(folder);
  REQUIRE(fs::replace_file(dir, "x", "new", 0600));
  CHECK(folder.read("x") == "new");
  REQUIRE(sys::symlinkat("elsewhere", dir, ".y.new"));
  CHECK(!fs::replace_file(dir, "y", "new", 0600));
  CHECK(folder.read("elsewhere") == "stays");
}

TEST_CASE("directories are made with all their parents, and those that are there are fine") {
  Folder folder;
  for (int i = 0; i < 2; ++i) {
    auto made = fs::make_dirs(folder / "a/b/c", 0755);
    REQUIRE(made);
    CHECK(folder.has("a/b/c"));
  }
  folder.write("file", "");
  CHECK(!fs::make_dirs(folder / "file/x", 0755));
}

TEST_CASE("a lock keeps others out until its descriptor is closed") {
  Folder folder;
  auto dir = open_dir(folder);
  auto try_lock = [&] {
    auto fd = sys::openat(dir, "lock", O_RDWR);
    REQUIRE(fd);
    return static_cast<bool>(sys::flock(fd.value(), LOCK_EX | LOCK_NB));
  };
  {
    auto lock = fs::lock_file(dir, "lock");
    REQUIRE(lock);
    CHECK(!try_lock());
  }
  CHECK(try_lock());
}

TEST_CASE("a control file is written only where it exists") {
  Folder folder;
  folder.write("there", "");
  auto dir = open_dir(folder);
  REQUIRE(fs::write_control(dir, "there", "1"));
  CHECK(folder.read("there") == "1");
  CHECK(!fs::write_control(dir, "none", "1"));
  CHECK(!folder.has("none"));
}

}  // namespace
