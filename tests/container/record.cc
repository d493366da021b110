#include "container/record.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "folder.h"

using container::Record;
using container::Saved;

namespace {

Saved everything() {
  Saved out;
  out.id = "c1";
  out.bundle = "/b";
  out.rootfs = "/b/rootfs";
  out.created = "2026-01-02T03:04:05.000000006Z";
  out.owner = 1000;
  out.pid = 4'000'000;
  out.start_time = 18'000'000'000'000'000'000U;
  out.ready = true;
  out.checkpointed = true;
  out.keyring = true;
  out.descriptors = {"pipe:[1]", ""};
  out.annotations = {{"a", "1"}, {"b.c/d", ""}};
  out.resctrl = apply::ResctrlGroup{"/sys/fs/resctrl", "gold", true, "c1"};
  out.cgroup.groups = {{"/sys/fs/cgroup", true, {}, "/a/b", 2},
                       {"/sys/fs/cgroup/cpu", false, {"cpu", "cpuacct"}, "/a/b", 1}};
  return out;
}

std::string error_of(const base::Result<Record>& record) {
  return record ? "" : record.error().text();
}

bool says(const base::Result<Record>& record, const char* words) {
  return error_of(record).find(words) != std::string::npos;
}

unsigned mode_of(const std::string& path) {
  struct stat st {};
  return ::lstat(path.c_str(), &st) == 0 ? st.st_mode : 0;
}

TEST_CASE("what is saved is read back, all of it and nothing of it") {
  for (const auto& saved : {everything(), Saved()}) {
    auto read = container::read_saved(base::dump(container::write_saved(saved)));
    REQUIRE(read);
    CHECK(read.value() == saved);
  }
}

TEST_CASE("a state that is no JSON, or has a member of another type, is an error") {
  for (auto text : {"", "[]", "{\"pid\": \"1\"}", "{\"pid\": 1e99}", "{\"owner\": -1}",
                    "{\"cgroup\": {}}", "{\"cgroup\": [1]}", "{\"ready\": 1}"})
    CHECK_MESSAGE(!container::read_saved(text), text);
}

TEST_CASE("an id holds no slash, is no dot name and not empty") {
  for (auto good : {"a", "A.b-c_d+e", "-", "0", "a..b"}) CHECK(container::check_id(good));
  for (auto bad : {"", ".", "..", ".x", "a/b", "/", "a b", "a\n", "\xc3\xa4", "a:b"})
    CHECK_MESSAGE(!container::check_id(bad), bad);
  CHECK(container::check_id(std::string(200, 'a')));
  CHECK(!container::check_id(std::string(201, 'a')));
}

TEST_CASE("an id that is none is refused before anything is made or opened") {
  Folder folder;
  auto root = folder / "state";
  for (auto bad : {"..", "a/b", ".x", ""}) {
    auto claimed = Record::claim(root, bad, "{}");
    CHECK(!claimed);
    CHECK(!Record::load(root, bad));
    if (!claimed) CHECK(claimed.error().kind() == base::Kind::Usage);
  }
  CHECK(!folder.has("state"));
}

TEST_CASE("a claimed and kept record is loaded as it was saved") {
  Folder folder;
  {
    auto claimed = Record::claim(folder / "deep/state", "c1", "{\"a\": 1}");
    REQUIRE_MESSAGE(claimed, error_of(claimed));
    claimed.value().saved = everything();
    REQUIRE(claimed.value().save());
    claimed.value().keep();
  }
  auto loaded = Record::load(folder / "deep/state", "c1");
  REQUIRE(loaded);
  CHECK(loaded.value().saved == everything());
  auto config = loaded.value().config();
  REQUIRE(config);
  CHECK(config.value() == "{\"a\": 1}");
}

TEST_CASE("only the owner can read a record, or write to its fifos") {
  Folder folder;
  auto claimed = Record::claim(folder.path(), "c1", "{}");
  REQUIRE(claimed);
  REQUIRE(claimed.value().save());
  CHECK(mode_of(folder / "c1/state.json") == (S_IFREG | 0600));
  CHECK(mode_of(folder / "c1/config.json") == (S_IFREG | 0600));
  CHECK(mode_of(folder / "c1/exec.fifo") == (S_IFIFO | 0600));
  CHECK(mode_of(folder / "c1/exec.reply") == (S_IFIFO | 0600));
}

TEST_CASE("a taken id already exists, and whoever has it does not notice") {
  Folder folder;
  auto first = Record::claim(folder.path(), "c1", "first");
  REQUIRE(first);
  CHECK(says(Record::claim(folder.path(), "c1", "second"), "already exists"));
  auto config = first.value().config();
  REQUIRE(config);
  CHECK(config.value() == "first");
}

TEST_CASE("a record or a root that is not there does not exist") {
  Folder folder;
  for (const auto& root : {folder.path(), folder / "none"}) {
    auto loaded = Record::load(root, "c1");
    CHECK(says(loaded, "does not exist"));
    CHECK(loaded.error().kind() == base::Kind::NotFound);
  }
}

TEST_CASE("a claim that is not kept leaves nothing") {
  Folder folder;
  {
    auto claimed = Record::claim(folder.path(), "c1", "{}");
    REQUIRE(claimed);
    REQUIRE(claimed.value().save());
    CHECK(folder.has("c1"));
  }
  CHECK(!folder.has("c1"));
}

TEST_CASE("a record that was loaded is not removed by itself") {
  Folder folder;
  {
    auto claimed = Record::claim(folder.path(), "c1", "{}");
    REQUIRE(claimed);
    claimed.value().keep();
  }
  CHECK(Record::load(folder.path(), "c1"));
  CHECK(folder.has("c1"));
  auto loaded = Record::load(folder.path(), "c1");
  REQUIRE(loaded);
  CHECK(loaded.value().remove());
  CHECK(!folder.has("c1"));
}

TEST_CASE("a directory without a state is what a killed create left") {
  Folder folder;
  REQUIRE(fs::make_dirs(folder / "c1", 0700));
  auto loaded = Record::load(folder.path(), "c1");
  REQUIRE(loaded);
  CHECK(loaded.value().saved.id == "c1");
  CHECK(!loaded.value().saved.ready);
  CHECK(loaded.value().remove());
  CHECK(!folder.has("c1"));
}

TEST_CASE("a link in place of a record is not followed") {
  Folder folder;
  folder.write("elsewhere/state.json", "{}");
  REQUIRE(sys::symlinkat("elsewhere", base::FdRef::cwd(), folder / "c1"));
  CHECK(!Record::load(folder.path(), "c1"));
  CHECK(says(Record::claim(folder.path(), "c1", "{}"), "already exists"));
  CHECK(folder.read("elsewhere/state.json") == "{}");
}

TEST_CASE("a record under work is busy for everybody else, until it is gone") {
  Folder folder;
  auto other = [&] {
    auto loaded = Record::load(folder.path(), "c1");
    REQUIRE(loaded);
    auto busy = loaded.value().busy();
    REQUIRE(busy);
    return busy.value();
  };
  {
    auto claimed = Record::claim(folder.path(), "c1", "{}");
    REQUIRE(claimed);
    claimed.value().keep();
    CHECK(other());
  }
  CHECK(!other());
  auto again = Record::load(folder.path(), "c1");
  REQUIRE(again);
  REQUIRE(again.value().lock());
  CHECK(other());
}

TEST_CASE("the ids of a root are its folders with lawful names, sorted") {
  Folder folder;
  for (auto name : {"b", "a", ".hidden", "not an id"}) REQUIRE(fs::make_dirs(folder / name, 0700));
  folder.write("file", "");
  auto ids = container::list_ids(folder.path());
  REQUIRE(ids);
  CHECK(ids.value() == std::vector<std::string>{"a", "b"});
  auto none = container::list_ids(folder / "none");
  REQUIRE(none);
  CHECK(none.value().empty());
}

}  // namespace
