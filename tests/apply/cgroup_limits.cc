// Writing limits, on plain files that stand for a cgroup file system.
#include "apply/cgroup_limits.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <cerrno>

#include "base/text.h"
#include "fs/files.h"
#include "fs/tree.h"
#include "sys/file.h"

using base::FdRef;
using plan::CgroupWrite;

namespace {

// A group of plain files.
class FakeGroup {
 public:
  FakeGroup() {
    char name[] = "/tmp/coracle-cgroup-XXXXXX";
    REQUIRE(::mkdtemp(name));
    mount_ = name;
    REQUIRE(fs::make_dirs(mount_ + "/g", 0755));
    paths_.groups.push_back({.mount = mount_, .v2 = true, .controllers = {"memory"}, .path = "/g"});
  }
  FakeGroup(const FakeGroup&) = delete;
  FakeGroup& operator=(const FakeGroup&) = delete;
  ~FakeGroup() { (void)fs::remove_tree(FdRef::cwd(), mount_); }

  void file(const std::string& name, std::string_view text = "") {
    auto dir = fs::make_dirs(mount_ + "/g", 0755);
    REQUIRE(dir);
    REQUIRE(fs::replace_file(dir.value(), name, text, 0644));
  }
  std::string text(const std::string& name) const {
    auto out = fs::read_file(FdRef::cwd(), mount_ + "/g/" + name);
    return out ? out.value() : "absent";
  }
  CgroupWrite write(const std::string& name, const std::string& what) const {
    CgroupWrite out;
    out.mount = mount_;
    out.file = name;
    out.text = what;
    out.what = "linux.resources.x";
    return out;
  }
  base::Status apply(const CgroupWrite& one) const { return apply::write_limits(paths_, {one}); }

 private:
  std::string mount_{};
  apply::CgroupPaths paths_{};
};

}  // namespace

TEST_CASE("a limit is the text of its file") {
  FakeGroup group;
  group.file("memory.max");
  REQUIRE(group.apply(group.write("memory.max", "4096")));
  CHECK(group.text("memory.max") == "4096");
}

TEST_CASE("an absent file is an error that names member, file and value, unless tolerated") {
  FakeGroup group;
  auto write = group.write("memory.swap.max", "0");
  auto refused = group.apply(write);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind() == base::Kind::Unsupported);
  CHECK(refused.error().text().starts_with(
      "linux.resources.x: the kernel has no control file memory.swap.max in "));
  write.tolerate = {ENOENT};
  CHECK(group.apply(write));
  CHECK(group.text("memory.swap.max") == "absent");
}

TEST_CASE("where the kernel lacks a file the other one gets its own text") {
  FakeGroup group;
  group.file("io.weight");
  auto write = group.write("io.bfq.weight", "500");
  write.otherwise_file = "io.weight";
  write.otherwise_text = "4950";
  REQUIRE(group.apply(write));
  CHECK(group.text("io.weight") == "4950");
  FakeGroup with_bfq;
  with_bfq.file("io.weight");
  with_bfq.file("io.bfq.weight");
  auto same = with_bfq.write("io.bfq.weight", "500");
  same.otherwise_file = "io.weight";
  REQUIRE(with_bfq.apply(same));
  CHECK(with_bfq.text("io.bfq.weight") == "500");
  CHECK(with_bfq.text("io.weight").empty());
}

TEST_CASE("a limit below the usage is refused when that is to be checked") {
  FakeGroup group;
  group.file("memory.max");
  group.file("memory.current", "5000\n");
  auto write = group.write("memory.max", "4096");
  write.usage_file = "memory.current";
  write.check_usage = true;
  auto refused = group.apply(write);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text() == "linux.resources.x: 4096 is below the present usage of 5000");
  CHECK(group.text("memory.max").empty());
  write.text = "max";
  CHECK(group.apply(write));
  group.file("memory.max");
  write.text = "5000";
  CHECK(group.apply(write));
}

TEST_CASE("a limit for a hierarchy in which there is no group says that it is not delegated") {
  FakeGroup group;
  auto write = group.write("pids.max", "5");
  write.mount = "/sys/fs/cgroup/pids";
  auto refused = group.apply(write);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text().find("not delegated") != std::string::npos);
  write.tolerate = {EPERM};
  CHECK(group.apply(write));
}
