#include "container/external.h"

#include <doctest/doctest.h>

using container::ExternalMount;

namespace {

plan::MountOp bind_op(const std::string& target, const std::string& source) {
  plan::BindMount bind;
  bind.source = source;
  plan::MountOp out{.target = target};
  out.what = std::move(bind);
  return out;
}

TEST_CASE("bind mounts, bound devices and masked files are the host's") {
  plan::RootfsPlan plan;
  plan.mounts.push_back(bind_op("data", "/srv/data"));
  plan.devices = {{.path = "dev/null", .bind = true}, {.path = "dev/zero"}};
  plan.masked_paths = {"proc/keys"};
  CHECK(container::external_mounts(plan) ==
        std::vector<ExternalMount>{{"/data", "/srv/data", false, ""},
                                   {"/dev/null", "/dev/null", false, ""},
                                   {"/proc/keys", "/dev/null", false, ""}});
}

TEST_CASE("file systems of its own, and parts of its root, are the container's") {
  plan::RootfsPlan plan;
  plan::MountOp fresh{.target = "tmp"};
  fresh.what = plan::NewMount{.type = "tmpfs"};
  plan.mounts.push_back(std::move(fresh));
  auto inside = bind_op("a", "/b");
  std::get<plan::BindMount>(inside.what).source_at = plan::SourceAt::Rootfs;
  plan.mounts.push_back(std::move(inside));
  CHECK(container::external_mounts(plan).empty());
}

TEST_CASE("an idmapped mount is staged under its own number") {
  plan::RootfsPlan plan;
  auto mapped = bind_op("m", "/srv");
  mapped.index = 4;
  std::get<plan::BindMount>(mapped.what).id_mapped = plan::IdMapped::Mount;
  plan.mounts.push_back(std::move(mapped));
  CHECK(container::external_mounts(plan).front().staged == "criu-mount-4");
}

TEST_CASE("what is mounted below a recursive source belongs to it") {
  std::vector<fs::MountRow> host(3);
  host[0].mount_point = "/srv";
  host[1].mount_point = "/srv/below/it";
  host[2].mount_point = "/srvother";
  auto all = container::with_submounts({{"/d", "/srv", true, ""}, {"/e", "/srv", false, ""}}, host);
  REQUIRE(all.size() == 3);
  CHECK(all[2] == ExternalMount{"/d/below/it", "/srv/below/it", false, ""});
  CHECK(container::with_submounts({{"/d", "/", true, ""}}, host).size() == 4);
}

TEST_CASE("criu is told of sockets, terminals and files, not of pipes") {
  CHECK(container::external_word("pipe:[1]").empty());
  CHECK(container::external_word("").empty());
  CHECK(container::external_word("/dev/pts/0").empty());
  CHECK(container::external_word("socket:[12]") == "unix[12]");
  CHECK(container::external_word("file[1f:2a]") == "file[1f:2a]");
  CHECK(container::external_word("tty[8801:1a]") == "tty[8801:1a]");
}

}  // namespace
