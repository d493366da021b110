#include "image/layer.h"

#include <doctest/doctest.h>

using namespace image;

namespace {

// What an entry of this name does, in a word.
std::string operation(const std::string& path, EntryType type = EntryType::File,
                      const std::string& link = {}) {
  auto result = layer_operation(Entry{.type = type, .path = path, .link = link});
  if (!result) return "refused";
  return std::visit(base::each{[](const Create& o) {
                                 return "create " + o.path +
                                        (o.link.empty() ? "" : " from " + o.link);
                               },
                               [](const Hide& o) { return "hide " + o.path; },
                               [](const HideContent& o) { return "hide all in " + o.path; },
                               [](const Ignore&) { return std::string("ignore"); }},
                    result.value());
}

}  // namespace

TEST_CASE("names are relative to the root, however they are written") {
  CHECK(operation("a/b") == "create a/b");
  CHECK(operation("./a//./b/") == "create a/b");
  CHECK(operation("/etc/passwd") == "create etc/passwd");
  CHECK(operation("///") == "refused");
  CHECK(operation("..a/b..") == "create ..a/b..");
}

TEST_CASE("a name that goes up is refused") {
  for (const auto* path : {"..", "../a", "a/../b", "a/..", "/../a", "a/../../b"})
    CHECK(operation(path) == "refused");
  CHECK(operation("a", EntryType::HardLink, "../b") == "refused");
  CHECK(operation("a", EntryType::HardLink, "b/../../c") == "refused");
}

TEST_CASE("the root can only be a folder") {
  CHECK(operation("./", EntryType::Folder) == "create ");
  CHECK(operation("/", EntryType::Folder) == "create ");
  CHECK(operation(".", EntryType::Symlink, "/tmp") == "refused");
  CHECK(operation("./", EntryType::File) == "refused");
}

TEST_CASE("whiteouts hide a name, opaque marks a folder's content") {
  CHECK(operation(".wh.a") == "hide a");
  CHECK(operation("d/.wh.a") == "hide d/a");
  CHECK(operation("d/.wh..hidden") == "hide d/.hidden");
  CHECK(operation("d/.wh....") == "hide d/...");
  CHECK(operation(".wh..wh..opq") == "hide all in ");
  CHECK(operation("d/.wh..wh..opq") == "hide all in d");
  CHECK(operation("a.wh.b") == "create a.wh.b");
}

TEST_CASE("whiteouts of nothing, of the folder itself or of the one above are refused") {
  CHECK(operation(".wh.") == "refused");
  CHECK(operation("d/.wh..") == "refused");
  CHECK(operation("d/.wh...") == "refused");
  CHECK(operation("d/../.wh.a") == "refused");
}

TEST_CASE("nothing can stand below a whiteout") {
  CHECK(operation(".wh.a/b") == "refused");
  CHECK(operation("d/.wh.a/b") == "refused");
}

TEST_CASE("what AUFS left in old images does nothing") {
  CHECK(operation(".wh..wh.aufs") == "ignore");
  CHECK(operation(".wh..wh.plnk/12.34") == "ignore");
}

TEST_CASE("a hard link needs another name to lead to") {
  CHECK(operation("a", EntryType::HardLink, "/b//c") == "create a from b/c");
  CHECK(operation("a", EntryType::HardLink, "./a") == "refused");
  CHECK(operation("a", EntryType::HardLink, "/") == "refused");
}
