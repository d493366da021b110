#include "container/bundles.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "folder.h"
#include "spec/read.h"

namespace {

// In the folder as the working directory, and back.
class Inside {
 public:
  explicit Inside(const std::string& path) {
    auto former = sys::openat(base::FdRef::cwd(), ".", O_PATH | O_DIRECTORY);
    REQUIRE(former);
    former_ = std::move(former).value();
    REQUIRE(sys::chdir(path));
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside() { (void)sys::fchdir(former_); }

 private:
  base::Fd former_{};
};

bool means(const std::string& word, const std::string& bundle, const std::string& id) {
  auto named = container::bundle_of(word);
  return named.bundle == bundle && named.id == id;
}

TEST_CASE("a folder with a config.json is the bundle, and its last name the id") {
  Folder folder;
  folder.write("a/deep/config.json", "{}");
  Inside inside(folder.path());
  CHECK(means("a/deep", "a/deep", "deep"));
  CHECK(means("./a/deep/", "./a/deep/", "deep"));
  CHECK(means(folder / "a/deep", folder / "a/deep", "deep"));
  CHECK(means("a/deep/../deep/.", "a/deep/../deep/.", "deep"));
}

TEST_CASE("any other word is the id of the bundle in the working directory") {
  Folder folder;
  folder.write("a/file", "");
  Inside inside(folder.path());
  CHECK(means("a", ".", "a"));
  CHECK(means("none", ".", "none"));
}

TEST_CASE("where the working directory is a bundle, a word is always an id") {
  Folder folder;
  folder.write("config.json", "{}");
  folder.write("a/config.json", "{}");
  Inside inside(folder.path());
  CHECK(means("a", ".", "a"));
}

TEST_CASE("the example is one that we read, and what is there is not overwritten") {
  for (bool rootless : {false, true}) {
    Folder folder;
    REQUIRE(container::write_example(folder.path(), rootless));
    auto text = folder.read("config.json");
    CHECK(spec::read_config(text));
    CHECK(text.ends_with("}\n"));
    auto again = container::write_example(folder.path(), rootless);
    REQUIRE(!again);
    CHECK(again.error().kind() == base::Kind::State);
    CHECK(folder.read("config.json") == text);
  }
  CHECK(!container::write_example("/nonexistent", false));
}

}  // namespace
