#include "image/users.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include "image/tar_bytes.h"

using namespace image;

namespace {

const Accounts kAccounts{
    .passwd =
        "root:x:0:0:root:/root:/bin/sh\n"
        "# a comment\n"
        "broken:x:none:0::/:\n"
        "alice:x:1000:1001:Alice:/home/alice:/bin/sh\n"
        "1000:x:0:0:a trap:/root:/bin/sh\n"
        "big:x:4294967295:0::/:\n"
        "bob:x:1002:1002",
    .group = "root:x:0:\nusers:x:100:alice,bob\nalice:x:1001:alice\nwheel:x:10:root,alice\n"};

base::Result<ResolvedUser> resolve(std::string_view user) { return resolve_user(user, kAccounts); }

// The error of reading the accounts of a root with this passwd, or the empty text.
std::string reading(const test::Sandbox& box) {
  base::Fd root(::open(box.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  auto accounts = read_accounts(root);
  return accounts ? "" : accounts.error().text();
}

}  // namespace

TEST_CASE("nobody named is root, with root's groups") {
  CHECK(resolve("").value() == ResolvedUser{.additional_gids = {10}, .home = "/root"});
  CHECK(resolve_user("", {}).value() == ResolvedUser{.home = "/"});
}

TEST_CASE("a name is looked up, with its groups but its own") {
  CHECK(
      resolve("alice").value() ==
      ResolvedUser{.uid = 1000, .gid = 1001, .additional_gids = {100, 10}, .home = "/home/alice"});
  CHECK(resolve("bob").value().home == "/");
  CHECK(!resolve("carol"));
  CHECK(!resolve("broken"));
  CHECK(!resolve("alice:nogroup"));
}

// spec: conversion.md#configuser
TEST_CASE("a number is taken as it is, also where a user is called by it") {
  CHECK(resolve("1000").value() == ResolvedUser{.uid = 1000, .gid = 1001, .home = "/home/alice"});
  CHECK(resolve("77").value() == ResolvedUser{.uid = 77, .home = "/"});
  CHECK(resolve("77:88").value() == ResolvedUser{.uid = 77, .gid = 88, .home = "/"});
}

TEST_CASE("a group of one's own replaces all others") {
  CHECK(resolve("alice:users").value() ==
        ResolvedUser{.uid = 1000, .gid = 100, .home = "/home/alice"});
  CHECK(resolve("alice:5").value().gid == 5);
  CHECK(resolve(":users").value().gid == 100);
}

TEST_CASE("numbers that stand for nobody are no users") {
  CHECK(!resolve("4294967295"));
  CHECK(!resolve("-1"));
  CHECK(!resolve("99999999999"));
  CHECK(!resolve("0:4294967295"));
}

TEST_CASE("a root without the files, and links inside the root, are fine") {
  test::Sandbox box;
  CHECK(reading(box) == "");
  box.write("root/usr/etc/passwd", "x");
  test::files::create_directory(box.root() / "etc");
  test::files::create_symlink("/usr/etc/passwd", box.root() / "etc/passwd");
  CHECK(reading(box) == "");
}

TEST_CASE("attack: a passwd that is a fifo, a device, huge, or a link to the outside") {
  test::Sandbox box;
  auto passwd = box.root() / "etc/passwd";
  test::files::create_directory(box.root() / "etc");
  REQUIRE(::mkfifo(passwd.c_str(), 0644) == 0);
  CHECK(reading(box).find("no regular file") != std::string::npos);
  test::files::remove(passwd);
  test::files::create_directory(passwd);
  CHECK(reading(box).find("no regular file") != std::string::npos);
  test::files::remove(passwd);
  box.write("root/etc/passwd", "");
  test::files::resize_file(passwd, 1ULL << 30);
  CHECK(reading(box).find("longer than") != std::string::npos);
  test::files::remove(passwd);
  // Leads to nothing inside the root: as if there were no file.
  test::files::create_symlink(box.outside() / "victim", passwd);
  base::Fd root(::open(box.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  CHECK(read_accounts(root).value().passwd.empty());
  test::files::remove(passwd);
  test::files::create_symlink("/proc/self/environ", passwd);
  CHECK(read_accounts(root).value().passwd.empty());
}
