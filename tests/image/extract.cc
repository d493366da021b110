#include "image/extract.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "image/archive.h"
#include "image/tar_bytes.h"

using namespace image;
using test::Sandbox;
using test::Tar;

namespace {

// Applies archives as layers, each on the ones before it.
class Layers {
 public:
  explicit Layers(const Sandbox& sandbox, ExtractOptions options = {}) : options_(options) {
    root_ = base::Fd(::open(sandbox.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  // The error's text, or the empty one.
  std::string apply(const std::string& bytes) {
    auto former = ::umask(0);
    auto error = apply_all(bytes);
    ::umask(former);
    first_ = false;
    return error;
  }
  std::string apply(const Tar& tar) { return apply(tar.bytes()); }
  ExtractTotals totals{};

 private:
  std::string apply_all(const std::string& bytes) {
    Extractor extractor(root_, options_, &totals, first_ ? Onto::Nothing : Onto::Layers);
    ArchiveReader reader(&extractor);
    auto written = reader.write(bytes);
    if (!written) return written.error().text();
    auto finished = reader.finish();
    if (!finished) return finished.error().text();
    auto done = extractor.finish();
    return done ? "" : done.error().text();
  }
  ExtractOptions options_;
  base::Fd root_;
  bool first_ = true;
};

// Root of the machine, or of a user namespace where other owners exist too.
bool is_root() {
  Sandbox probe;
  return ::lchown(probe.root().c_str(), 1234, 5) == 0;
}

}  // namespace

TEST_CASE("files, folders and links get their content, modes and times") {
  Sandbox box;
  Layers layers(box, {.rootless = !is_root()});
  CHECK(layers.apply(Tar()
                         .folder("d/", 0500, 1000)
                         .entry({.name = "d/f", .mode = 0640, .mtime = 2000}, "content")
                         .symlink("s", "d/f")
                         .hard_link("h", "d/f")
                         .entry({.name = "p", .type = '6', .mode = 0622})
                         .file("implicit/parents/x", "y")) == "");
  CHECK(box.read("root/d/f") == "content");
  CHECK(box.stat_of("root/d/f").st_mode == (S_IFREG | 0640));
  CHECK(box.stat_of("root/d/f").st_mtime == 2000);
  CHECK(box.stat_of("root/d").st_mtime == 1000);
  CHECK((box.stat_of("root/d").st_mode & 07777) == (is_root() ? 0500 : 0700));
  CHECK(box.stat_of("root/h").st_ino == box.stat_of("root/d/f").st_ino);
  CHECK(test::files::read_symlink(box.root() / "s") == "d/f");
  CHECK(box.stat_of("root/p").st_mode == (S_IFIFO | 0622));
  CHECK(box.stat_of("root/implicit/parents").st_mode == (S_IFDIR | 0755));
}

TEST_CASE("a sparse file's holes are zeros, also at its end") {
  Sandbox box;
  Layers layers(box, {.rootless = !is_root()});
  auto records =
      test::pax_record("GNU.sparse.size", "100000") + test::pax_record("GNU.sparse.map", "50000,2");
  CHECK(layers.apply(Tar().pax(records).file("f", "ab")) == "");
  auto text = box.read("root/f");
  REQUIRE(text.size() == 100000);
  CHECK(text.substr(50000, 2) == "ab");
  CHECK(text.find_first_not_of('\0') == 50000);
  CHECK(text.find_last_not_of('\0') == 50001);
}

TEST_CASE(
    "everything is replaced without being followed, a folder over a folder keeps its content") {
  Sandbox box;
  Layers layers(box, {.rootless = !is_root()});
  CHECK(layers.apply(Tar()
                         .file("file", "old")
                         .folder("folder/")
                         .file("folder/inner", "kept")
                         .symlink("out", box.outside())
                         .symlink("victim", box.outside() / "victim")
                         .file("linked", "first")
                         .hard_link("second", "linked")) == "");
  CHECK(layers.apply(Tar()
                         .folder("file/", 0711)
                         .file("file/now", "a folder")
                         .folder("folder/", 0711)
                         .file("out", "a file now")
                         .file("victim", "a file now")
                         .file("linked", "replaced")) == "");
  CHECK(box.read("root/file/now") == "a folder");
  CHECK(box.read("root/folder/inner") == "kept");
  CHECK((box.stat_of("root/folder").st_mode & 07777) == 0711);
  CHECK(box.read("root/out") == "a file now");
  CHECK(box.read("root/victim") == "a file now");
  CHECK(box.read("root/linked") == "replaced");
  CHECK(box.read("root/second") == "first");
  CHECK(layers.apply(Tar().file("folder", "no folder now").symlink("file", "/")) == "");
  CHECK(box.read("root/folder") == "no folder now");
  CHECK(test::files::is_symlink(box.root() / "file"));
  CHECK(box.outside_untouched());
}

TEST_CASE("of the same path twice in a layer the last wins") {
  Sandbox box;
  Layers layers(box, {.rootless = !is_root()});
  CHECK(layers.apply(Tar().file("f", "one").symlink("f", "x").file("f", "two")) == "");
  CHECK(box.read("root/f") == "two");
}

TEST_CASE("a whiteout hides what lower layers made, never its own layer's") {
  Sandbox box;
  Layers layers(box, {.rootless = !is_root()});
  CHECK(layers.apply(Tar()
                         .file("a", "1")
                         .folder("d/")
                         .file("d/low", "1")
                         .file("d/sub/low", "1")
                         .file("keep", "1")) == "");
  CHECK(layers.apply(Tar()
                         .file(".wh.a")
                         .file("a", "new")
                         .file("d/new", "2")
                         .file("d/sub/new", "2")
                         .file(".wh.d")
                         .file(".wh.absent")
                         .file("no/where/.wh.x")) == "");
  CHECK(box.read("root/a") == "new");
  CHECK(box.read("root/d/new") == "2");
  CHECK(box.read("root/d/sub/new") == "2");
  CHECK(!box.exists("root/d/low"));
  CHECK(!box.exists("root/d/sub/low"));
  CHECK(box.read("root/keep") == "1");
  CHECK(!box.exists("root/.wh.a"));
  CHECK(!box.exists("root/no"));
  CHECK(layers.apply(Tar().file(".wh.d").file("d/.wh.x")) == "");
  CHECK(!box.exists("root/d"));
}

// spec: layer.md#opaque-whiteout
TEST_CASE("an opaque mark empties what lower layers put there, in whatever order it comes") {
  for (bool mark_first : {true, false}) {
    Sandbox box;
    Layers layers(box, {.rootless = !is_root()});
    CHECK(layers.apply(Tar()
                           .folder("a/")
                           .folder("a/b/")
                           .folder("a/b/c/")
                           .file("a/b/c/bar", "low")
                           .file("a/low", "low")) == "");
    Tar layer;
    layer.folder("a/");
    if (mark_first) layer.file("a/.wh..wh..opq");
    layer.folder("a/b/").folder("a/b/c/").file("a/b/c/foo", "new");
    if (!mark_first) layer.file("a/.wh..wh..opq");
    CHECK(layers.apply(layer) == "");
    CHECK(box.read("root/a/b/c/foo") == "new");
    CHECK(!box.exists("root/a/b/c/bar"));
    CHECK(!box.exists("root/a/low"));
  }
}

TEST_CASE(
    "a whiteout through a link of the image spares what the same layer put there by the other "
    "name") {
  Sandbox box;
  Layers layers(box, {.rootless = !is_root()});
  CHECK(layers.apply(Tar().folder("usr/lib/").file("usr/lib/old", "1").symlink("lib", "usr/lib")) ==
        "");
  CHECK(layers.apply(Tar().file("lib/new", "2").file("usr/lib/.wh.new").file("lib/.wh.old")) == "");
  CHECK(box.read("root/usr/lib/new") == "2");
  CHECK(!box.exists("root/usr/lib/old"));
}

TEST_CASE("hard links reach earlier layers, and link a link itself") {
  Sandbox box;
  Layers layers(box, {.rootless = !is_root()});
  CHECK(layers.apply(Tar().file("d/f", "x").symlink("s", box.outside() / "victim")) == "");
  CHECK(layers.apply(Tar().hard_link("e/h", "/d/f").hard_link("t", "s")) == "");
  CHECK(box.stat_of("root/e/h").st_ino == box.stat_of("root/d/f").st_ino);
  CHECK(test::files::is_symlink(box.root() / "t"));
  CHECK(layers.apply(Tar().hard_link("x", "not/there")).find("not/there") != std::string::npos);
  CHECK(layers.apply(Tar().hard_link("sub/../x", "d/f")).find("..") != std::string::npos);
  CHECK(box.outside_untouched());
}

TEST_CASE("a hard link onto the file itself by another path does not lose it") {
  Sandbox box;
  Layers layers(box, {.rootless = !is_root()});
  CHECK(layers.apply(Tar().file("d/f", "x").symlink("e", "d")) == "");
  CHECK(layers.apply(Tar().hard_link("e/f", "d/f")).find("to itself") != std::string::npos);
  CHECK(box.read("root/d/f") == "x");
}

TEST_CASE("attack: names with .. and absolute names stay inside or are refused") {
  Sandbox box;
  Layers layers(box, {.rootless = !is_root()});
  CHECK(layers.apply(Tar().file("../outside/evil", "x")) != "");
  CHECK(layers.apply(Tar().file("a/../../outside/evil", "x")) != "");
  auto absolute = (box.outside() / "evil").string();
  CHECK(layers.apply(Tar().file(absolute, "inside")) == "");
  CHECK(box.read("root" + absolute) == "inside");
  CHECK(box.outside_untouched());
}

TEST_CASE("attack: entries below a link that leaves the root stay in the root") {
  auto relative = std::string("../outside");
  for (bool absolute : {true, false}) {
    for (bool next_layer : {true, false}) {
      Sandbox box;
      Layers layers(box, {.rootless = !is_root()});
      Tar tar;
      tar.symlink("link", absolute ? box.outside().string() : relative)
          .symlink("chain", "link")
          .folder("d/")
          .symlink("d/up", "../..");
      if (next_layer) {
        CHECK(layers.apply(tar) == "");
        tar = Tar();
      }
      tar.file("link/evil", "x")
          .file("link/victim", "x")
          .folder("link/folder/")
          .file("chain/more", "x")
          .file("d/up/outside/victim", "x")
          .symlink("link/s", "/")
          .hard_link("link/h", "link/evil");
      CHECK(layers.apply(tar) == "");
      CHECK(box.outside_untouched());
      CHECK(box.read(std::string("root") + (absolute ? box.outside().string() : "/outside") +
                     "/evil") == "x");
    }
  }
}

TEST_CASE("attack: a folder replaced by a link between two entries") {
  Sandbox box;
  Layers layers(box, {.rootless = !is_root()});
  CHECK(layers.apply(Tar()
                         .folder("d/", 0777, 5)
                         .file("d/one", "1")
                         .symlink("d", "../outside")
                         .file("d/victim", "x")
                         .file("d/evil", "x")) == "");
  CHECK(box.outside_untouched());
  CHECK(box.stat_of("outside").st_mtime != 5);
}

TEST_CASE("attack: a folder's late mode and time do not go through a link") {
  Sandbox box;
  auto before = box.stat_of("outside");
  Layers layers(box, {.rootless = !is_root()});
  CHECK(layers.apply(Tar().folder("d/", 04777, 5).symlink("d", box.outside())) == "");
  CHECK(layers.apply(Tar().folder("x/a/", 04777, 5).symlink("x", box.path).file("outside/y")) ==
        "");
  auto after = box.stat_of("outside");
  CHECK(after.st_mode == before.st_mode);
  CHECK(after.st_mtime == before.st_mtime);
  CHECK(box.outside_untouched());
}

TEST_CASE("a folder that is no longer under its name gives its mode to no other") {
  Sandbox box;
  Layers layers(box, {.rootless = !is_root()});
  CHECK(layers.apply(Tar().folder("y/a/", 0700).folder("x/a/", 0777).symlink("x", "y")) == "");
  CHECK((box.stat_of("root/y/a").st_mode & 07777) == 0700);
}

TEST_CASE("a link to its own folder, replaced through itself, leads no entry astray") {
  Sandbox box;
  Layers layers(box, {.rootless = !is_root()});
  CHECK(layers.apply(Tar().symlink("l", ".").folder("l/l/").file("l/x", "1")) == "");
  CHECK(box.read("root/l/x") == "1");
  CHECK(!box.exists("root/x"));
}

TEST_CASE("attack: hard links to the outside, then written") {
  Sandbox box;
  Layers layers(box, {.rootless = !is_root()});
  CHECK(layers.apply(Tar().hard_link("h", box.outside() / "victim")) != "");
  CHECK(layers.apply(Tar().hard_link("h", "../outside/victim")) != "");
  CHECK(layers.apply(Tar().symlink("out", "../outside").hard_link("h", "out/victim")) != "");
  CHECK(
      layers.apply(
          Tar().symlink("s", box.outside() / "victim").hard_link("h", "s").file("h", "x", 04777)) ==
      "");
  CHECK(box.read("root/h") == "x");
  CHECK(box.outside_untouched());
}

TEST_CASE("attack: whiteouts and opaque marks below links remove nothing outside") {
  Sandbox box;
  Layers layers(box, {.rootless = !is_root()});
  CHECK(
      layers.apply(
          Tar().symlink("link", "../outside").symlink("abs", box.outside()).symlink("up", "..")) ==
      "");
  CHECK(layers.apply(Tar()
                         .file("link/.wh.victim")
                         .file("abs/.wh..wh..opq")
                         .file("up/.wh.outside")
                         .file("up/outside/.wh..wh..opq")) == "");
  CHECK(box.outside_untouched());
  CHECK(layers.apply(Tar().file("../.wh.outside")) != "");
  CHECK(layers.apply(Tar().file(".wh...")) != "");
  CHECK(layers.apply(Tar().file(".wh..")) != "");
  CHECK(box.outside_untouched());
}

TEST_CASE("attack: the root replaced by a link") {
  Sandbox box;
  Layers layers(box, {.rootless = !is_root()});
  for (const auto* name : {".", "./", "/"})
    CHECK(layers.apply(Tar().symlink(name, box.outside()).file("evil", "x")).find("root") !=
          std::string::npos);
  CHECK(test::files::is_directory(test::files::symlink_status(box.root())));
  CHECK(box.outside_untouched());
}

TEST_CASE("attack: links that lead in circles, and trees deeper than any path") {
  Sandbox box;
  Layers layers(box, {.rootless = !is_root()});
  CHECK(layers.apply(Tar().symlink("a", "b").symlink("b", "a").file("a/x")) != "");
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += "d/";
  CHECK(layers.apply(Tar().pax(test::pax_record("path", deep)).folder("x")).find("possible") !=
        std::string::npos);
  // Deeper than a path can say, through links; then all of it is removed again.
  deep.resize(2 * 1900);
  Tar tar;
  tar.pax(test::pax_record("path", "top/" + deep))
      .folder("x")
      .pax(test::pax_record("linkpath", "top/" + deep))
      .symlink("s", "x");
  tar.pax(test::pax_record("path", "s/" + deep + "f")).file("x", "bottom");
  CHECK(layers.apply(tar) == "");
  CHECK(layers.apply(Tar().file("top", "gone")) == "");
  CHECK(box.read("root/top") == "gone");
}

TEST_CASE("attack: more entries or bytes than the limits") {
  Sandbox box;
  ExtractOptions options{.rootless = !is_root(), .limits = {.bytes = 100, .entries = 5}};
  {
    Layers layers(box, options);
    CHECK(layers.apply(Tar().file("a", std::string(60, 'x'))) == "");
    CHECK(layers.apply(Tar().file("b", std::string(60, 'x'))).find("more than 100 bytes") !=
          std::string::npos);
    CHECK(!box.exists("root/b"));
  }
  Layers holes(box, options);
  auto records = test::pax_record("GNU.sparse.size", "9000000000000000000") +
                 test::pax_record("GNU.sparse.map", "0,0");
  CHECK(holes.apply(Tar().pax(records).file("c")).find("more than 100 bytes") != std::string::npos);
  Layers many(box, options);
  CHECK(many.apply(Tar().file("1").file("2").file("3").file("4").file("5").file("6"))
            .find("more than 5 entries") != std::string::npos);
}

TEST_CASE("rootless: set-id bits, devices and privileged attributes are left out and noted") {
  Sandbox box;
  Layers layers(box, {.rootless = true});
  auto capability = test::pax_record("SCHILY.xattr.security.capability",
                                     std::string("\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20));
  CHECK(layers.apply(
            Tar()
                .entry({.name = "su", .mode = 06755, .uid = 1234, .gid = 5})
                .entry({.name = "null", .type = '3', .mode = 0666, .dev_major = 1, .dev_minor = 3})
                .folder("d/", 06555)
                .file("d/inside", "x")
                .pax(capability)
                .file("ping")) == "");
  CHECK(box.stat_of("root/su").st_mode == (S_IFREG | 0755));
  CHECK(box.stat_of("root/su").st_uid == ::geteuid());
  CHECK(box.stat_of("root/d").st_mode == (S_IFDIR | 0755));
  CHECK(!box.exists("root/null"));
  CHECK(::lgetxattr((box.root() / "ping").c_str(), "security.capability", nullptr, 0) < 0);
  CHECK(layers.totals.notes().size() == 3);
}

TEST_CASE("root: owners, set-id bits after them, capabilities and devices are kept") {
  if (!is_root()) return;
  Sandbox box;
  Layers layers(box);
  std::string value("\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  CHECK(layers.apply(Tar()
                         .entry({.name = "d/", .type = '5', .mode = 02770, .uid = 7, .gid = 8})
                         .entry({.name = "d/su", .mode = 06755, .uid = 1234, .gid = 5}, "x")
                         .entry({.name = "d/plain", .mode = 0644}, "x")
                         .entry({.name = "link", .type = '2', .link = "d", .uid = 9, .gid = 9})
                         .pax(test::pax_record("SCHILY.xattr.security.capability", value) +
                              test::pax_record("SCHILY.xattr.user.a", "b"))
                         .file("ping")) == "");
  // A set-group-id folder of a lower layer must not give its group away.
  CHECK(layers.apply(Tar().file("d/later")) == "");
  auto su = box.stat_of("root/d/su");
  CHECK(su.st_mode == (S_IFREG | 06755));
  CHECK(su.st_uid == 1234);
  CHECK(su.st_gid == 5);
  CHECK(box.stat_of("root/d").st_mode == (S_IFDIR | 02770));
  CHECK(box.stat_of("root/d").st_uid == 7);
  CHECK(box.stat_of("root/d/plain").st_gid == 0);
  CHECK(box.stat_of("root/d/later").st_gid == 0);
  CHECK(box.stat_of("root/link").st_uid == 9);
  auto ping = box.root() / "ping";
  if (layers.totals.notes().empty()) {
    CHECK(::lgetxattr(ping.c_str(), "security.capability", nullptr, 0) == 20);
    CHECK(::lgetxattr(ping.c_str(), "user.a", nullptr, 0) == 1);
  } else {
    MESSAGE(layers.totals.notes()[0]);
  }
  CHECK(layers.apply(Tar().entry(
            {.name = "null", .type = '3', .mode = 0666, .dev_major = 1, .dev_minor = 3})) == "");
  if (box.exists("root/null")) {
    CHECK(box.stat_of("root/null").st_mode == (S_IFCHR | 0666));
    CHECK(box.stat_of("root/null").st_rdev == makedev(1, 3));
  }
}

TEST_CASE("marks of overlay file systems are not taken from a layer") {
  Sandbox box;
  Layers layers(box, {.rootless = !is_root()});
  CHECK(layers.apply(Tar()
                         .pax(test::pax_record("SCHILY.xattr.user.overlay.redirect", "/x") +
                              test::pax_record("SCHILY.xattr.trusted.overlay.opaque", "y"))
                         .folder("d/")) == "");
  CHECK(::lgetxattr((box.root() / "d").c_str(), "trusted.overlay.opaque", nullptr, 0) < 0);
  CHECK(::lgetxattr((box.root() / "d").c_str(), "user.overlay.redirect", nullptr, 0) < 0);
  CHECK(layers.totals.notes().size() == 1);
}
