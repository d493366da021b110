#include "image/index_tree.h"

#include <doctest/doctest.h>

#include <map>

#include "image/media.h"
#include "image/small_image.h"

using namespace image;

namespace {

Descriptor put_index(const Store& store, const std::vector<Descriptor>& entries) {
  Index index{.media_type = std::string(kOciIndex), .manifests = entries};
  return store.blobs().put(base::dump(write_index(index)), kOciIndex).value();
}

std::string error_of(const Descriptor& top, const ReadDocument& read) {
  auto tree = read_tree(top, read);
  return tree ? "" : tree.error().text();
}

}  // namespace

TEST_CASE("a tree has each document and blob once, the top last") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  auto one = put_image(store, "one");
  auto two = put_image(store, "two");
  auto inner = put_index(store, {one, two});
  auto top = put_index(store, {inner, one, two});
  auto tree = read_tree(top, read_from(store));
  REQUIRE(tree);
  CHECK(tree.value().images.size() == 2);
  REQUIRE(tree.value().indexes.size() == 2);
  CHECK(tree.value().indexes[1].descriptor == top);
  auto blobs = tree.value().blobs();
  CHECK(blobs.size() == 8);
  CHECK(blobs.back() == top);
  CHECK(check_tree(tree.value(), read_from(store)));
}

TEST_CASE("a manifest is a tree of itself, and says its platform") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  auto one = put_image(store, "one");
  auto tree = read_tree(one, read_from(store));
  REQUIRE(tree);
  CHECK(tree.value().blobs().size() == 3);
  auto platform = check_tree(tree.value(), read_from(store));
  REQUIRE(platform);
  CHECK(platform.value() == host_platform());
}

TEST_CASE("an index that holds itself is refused, whoever vouches for its digest") {
  Descriptor top{.media_type = std::string(kOciIndex),
                 .digest = {Algorithm::Sha256, std::string(64, 'a')},
                 .size = 1};
  Index index{.manifests = {top}};
  auto read = [&](const Descriptor&) { return base::Result(base::dump(write_index(index))); };
  CHECK(error_of(top, read).find("holds itself") != std::string::npos);
  CHECK_FALSE(choose_image(top, host_platform(), read));
}

TEST_CASE("indexes may lie in each other only so deep") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  auto top = put_image(store, "one");
  for (int depth = 0; depth < 5; ++depth) top = put_index(store, {top});
  CHECK(read_tree(top, read_from(store)));
  CHECK(choose_image(top, host_platform(), read_from(store)));
  top = put_index(store, {top});
  CHECK(error_of(top, read_from(store)).find("deep") != std::string::npos);
  CHECK_FALSE(choose_image(top, host_platform(), read_from(store)));
}

TEST_CASE("an index needs one image that can run") {
  TempFolder temp;
  auto store = Store::open(temp.path.string()).value();
  auto tree = read_tree(put_index(store, {}), read_from(store));
  REQUIRE(tree);
  CHECK_FALSE(check_tree(tree.value(), read_from(store)));
}
