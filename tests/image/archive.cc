#include "image/archive.h"

#include <doctest/doctest.h>

#include "image/tar_bytes.h"

using namespace image;
using test::Tar;

namespace {

struct Seen {
  Entry entry{};
  std::string content{};
};

class Collector : public EntrySink {
 public:
  base::Status begin(const Entry& entry) override {
    seen.push_back({entry, {}});
    if (entry.type == EntryType::File && entry.size < 1 << 20)
      seen.back().content.assign(entry.size, '.');
    return {};
  }
  base::Status content(std::uint64_t offset, std::string_view bytes) override {
    REQUIRE(offset + bytes.size() <= seen.back().content.size());
    seen.back().content.replace(offset, bytes.size(), bytes);
    return {};
  }
  base::Status end() override {
    ++ended;
    return {};
  }
  std::vector<Seen> seen{};
  std::size_t ended = 0;
};

// Reads the bytes in pieces of this size; the error's text, or the empty one.
std::string read(const std::string& bytes, Collector& out, std::size_t piece = 1 << 20) {
  ArchiveReader reader(&out);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    auto written = reader.write(std::string_view(bytes).substr(at, piece));
    if (!written) return written.error().text();
  }
  auto finished = reader.finish();
  return finished ? "" : finished.error().text();
}

std::vector<Seen> all(const std::string& bytes) {
  Collector out;
  auto error = read(bytes, out);
  CHECK_MESSAGE(error.empty(), error);
  CHECK(out.ended == out.seen.size());
  return out.seen;
}

bool refused(const std::string& bytes, std::string_view because) {
  Collector out;
  auto error = read(bytes, out);
  bool found = error.find(because) != std::string::npos;
  if (!found) MESSAGE("error is: ", error);
  return found;
}

std::string base256(std::size_t size, std::int64_t value) {
  std::string out(size, value < 0 ? '\xff' : '\0');
  for (std::size_t i = size; i-- > size - 8; value >>= 8) out[i] = static_cast<char>(value & 0xff);
  if (value >= 0 && out[0] == '\0') out[0] = '\x80';
  return out;
}

std::string with_field(test::TarField f, std::size_t at, std::string_view bytes) {
  auto header = test::tar_header(f);
  test::put(header, at, bytes);
  test::put_checksum(header);
  return header;
}

// An old GNU header: four slots, then whether more follow, and the real size.
std::string gnu_sparse(const std::string& name, std::uint64_t stored, std::uint64_t real,
                       const std::vector<std::pair<unsigned, unsigned>>& slots, bool more) {
  auto header = test::tar_header({.name = name, .type = 'S', .size = stored});
  test::put(header, 257, std::string_view("ustar  \0", 8));
  for (std::size_t i = 0; i < slots.size(); ++i) {
    test::put_octal(header, 386 + 24 * i, 12, slots[i].first);
    test::put_octal(header, 398 + 24 * i, 12, slots[i].second);
  }
  header[482] = more ? '\1' : '\0';
  test::put_octal(header, 483, 12, real);
  test::put_checksum(header);
  return header;
}

}  // namespace

TEST_CASE("an entry says name, type, mode, owner, time and content") {
  auto seen =
      all(Tar()
              .entry({.name = "a/b", .mode = 04755, .uid = 10, .gid = 20, .mtime = 99}, "hello")
              .folder("d/")
              .symlink("s", "../else")
              .hard_link("h", "a/b")
              .entry({.name = "c", .type = '3', .dev_major = 1, .dev_minor = 3})
              .entry({.name = "p", .type = '6'})
              .bytes());
  REQUIRE(seen.size() == 6);
  CHECK(seen[0].entry ==
        Entry{.path = "a/b", .mode = 04755, .uid = 10, .gid = 20, .size = 5, .mtime = 99});
  CHECK(seen[0].content == "hello");
  CHECK(seen[1].entry.type == EntryType::Folder);
  CHECK(seen[2].entry.link == "../else");
  CHECK(seen[3].entry.type == EntryType::HardLink);
  CHECK(seen[4].entry.type == EntryType::CharDevice);
  CHECK(seen[4].entry.dev_minor == 3);
  CHECK(seen[5].entry.type == EntryType::Fifo);
}

TEST_CASE("an archive reads the same in pieces of any size") {
  auto bytes = Tar()
                   .pax(test::pax_record("path", std::string(300, 'n')))
                   .file("short", std::string(700, 'x'))
                   .raw(gnu_sparse("sparse", 4, 100, {{10, 2}, {20, 2}}, false))
                   .raw(test::padded("abcd"))
                   .entry({.name = "././@LongLink", .type = 'L'}, std::string(200, 'l') + '\0')
                   .file("last", "end")
                   .bytes();
  auto whole = all(bytes);
  REQUIRE(whole.size() == 3);
  for (std::size_t piece : {1U, 3U, 100U, 511U, 512U, 513U, 1000U}) {
    Collector out;
    CHECK(read(bytes, out, piece).empty());
    REQUIRE(out.seen.size() == whole.size());
    for (std::size_t i = 0; i < whole.size(); ++i) {
      CHECK(out.seen[i].entry == whole[i].entry);
      CHECK(out.seen[i].content == whole[i].content);
    }
  }
}

TEST_CASE("ustar's prefix, GNU's long names and PAX give long names") {
  std::string name(150, 'n');
  CHECK(all(Tar().entry({.name = "tail", .prefix = "deep/folder"}).bytes())[0].entry.path ==
        "deep/folder/tail");
  auto gnu = all(Tar()
                     .entry({.name = "L", .type = 'L'}, name + '\0')
                     .entry({.name = "K", .type = 'K'}, "target/" + name + '\0')
                     .symlink("x", "y")
                     .bytes());
  CHECK(gnu[0].entry.path == name);
  CHECK(gnu[0].entry.link == "target/" + name);
  auto pax =
      all(Tar()
              .pax(test::pax_record("path", name) + test::pax_record("linkpath", "to/" + name))
              .symlink("x", "y")
              .file("plain")
              .bytes());
  CHECK(pax[0].entry.path == name);
  CHECK(pax[0].entry.link == "to/" + name);
  CHECK(pax[1].entry.path == "plain");  // records are for one entry only
}

TEST_CASE("PAX gives large numbers, fractions of seconds and attributes") {
  auto records = test::pax_record("uid", "4000000000") + test::pax_record("gid", "70000") +
                 test::pax_record("mtime", "-1.25") + test::pax_record("size", "3") +
                 test::pax_record("SCHILY.xattr.user.note", std::string("a\0b", 3)) +
                 test::pax_record("hdrcharset", "BINARY") + test::pax_record("comment", "");
  auto seen =
      all(Tar().pax(records).raw(test::tar_header({.name = "f"})).raw(test::padded("abc")).bytes());
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].entry.uid == 4000000000U);
  CHECK(seen[0].entry.gid == 70000);
  CHECK(seen[0].entry.mtime == -2);
  CHECK(seen[0].entry.mtime_nanoseconds == 750'000'000);
  CHECK(seen[0].content == "abc");
  REQUIRE(seen[0].entry.xattrs.size() == 1);
  CHECK(seen[0].entry.xattrs[0] ==
        std::pair<std::string, std::string>{"user.note", std::string("a\0b", 3)});
}

TEST_CASE("numbers may be in base 256; a negative size is refused") {
  auto header = with_field({.name = "f"}, 124, base256(12, 3));
  CHECK(all(Tar().raw(header).raw(test::padded("abc")).bytes())[0].content == "abc");
  CHECK(all(Tar().raw(with_field({.name = "f"}, 136, base256(12, -5))).bytes())[0].entry.mtime ==
        -5);
  CHECK(refused(Tar().raw(with_field({.name = "f"}, 124, base256(12, -3))).bytes(), "negative"));
  CHECK(refused(Tar().raw(with_field({.name = "f"}, 108, base256(8, -1))).bytes(), "uid -1"));
  // More than 63 bits.
  CHECK(refused(Tar().raw(with_field({.name = "f"}, 124, "\xbf" + std::string(11, '\xff'))).bytes(),
                "size is no number"));
  CHECK(refused(Tar().raw(with_field({.name = "f"}, 124, "12x45678901")).bytes(),
                "size is no number"));
}

TEST_CASE("ids that the kernel takes for \"unchanged\" are refused") {
  CHECK(refused(Tar().pax(test::pax_record("uid", "4294967295")).file("f").bytes(), "uid"));
  CHECK(refused(Tar().pax(test::pax_record("gid", "99999999999")).file("f").bytes(), "gid"));
}

TEST_CASE("sparse files of all four forms come out the same") {
  auto expected = std::string(10, '.') + "ab" + std::string(8, '.') + "cd" + std::string(78, '.');
  auto old = all(Tar()
                     .raw(gnu_sparse("f", 4, 100, {{10, 2}, {20, 2}}, false))
                     .raw(test::padded("abcd"))
                     .file("after", "x")
                     .bytes());
  REQUIRE(old.size() == 2);
  CHECK(old[0].content == expected);
  CHECK(old[1].content == "x");

  auto form00 =
      test::pax_record("GNU.sparse.size", "100") + test::pax_record("GNU.sparse.numblocks", "2") +
      test::pax_record("GNU.sparse.offset", "10") + test::pax_record("GNU.sparse.numbytes", "2") +
      test::pax_record("GNU.sparse.offset", "20") + test::pax_record("GNU.sparse.numbytes", "2");
  CHECK(all(Tar().pax(form00).file("f", "abcd").bytes())[0].content == expected);

  auto form01 =
      test::pax_record("GNU.sparse.size", "100") + test::pax_record("GNU.sparse.numblocks", "2") +
      test::pax_record("GNU.sparse.map", "10,2,20,2") + test::pax_record("GNU.sparse.name", "real");
  auto seen01 = all(Tar().pax(form01).file("GNUSparseFile.0/f", "abcd").bytes());
  CHECK(seen01[0].content == expected);
  CHECK(seen01[0].entry.path == "real");

  auto form10 =
      test::pax_record("GNU.sparse.major", "1") + test::pax_record("GNU.sparse.minor", "0") +
      test::pax_record("GNU.sparse.name", "real") + test::pax_record("GNU.sparse.realsize", "100");
  auto seen10 = all(Tar()
                        .pax(form10)
                        .file("f", test::padded("2\n10\n2\n20\n2\n") + "abcd")
                        .file("after", "x")
                        .bytes());
  REQUIRE(seen10.size() == 2);
  CHECK(seen10[0].content == expected);
  CHECK(seen10[1].content == "x");
}

TEST_CASE("an old sparse header goes on in blocks of its own") {
  std::string more(512, '\0');
  test::put_octal(more, 0, 12, 50);
  test::put_octal(more, 12, 12, 1);
  auto seen = all(Tar()
                      .raw(gnu_sparse("f", 5, 60, {{0, 1}, {2, 1}, {4, 1}, {6, 1}}, true))
                      .raw(more)
                      .raw(test::padded("abcde"))
                      .bytes());
  CHECK(seen[0].content == "a.b.c.d" + std::string(43, '.') + "e" + std::string(9, '.'));
}

TEST_CASE("sparse maps that overlap, exceed or lie are refused") {
  CHECK(refused(Tar().raw(gnu_sparse("f", 4, 100, {{10, 2}, {11, 2}}, false)).bytes(), "overlaps"));
  CHECK(refused(Tar().raw(gnu_sparse("f", 4, 20, {{10, 2}, {19, 2}}, false)).bytes(), "exceeds"));
  CHECK(refused(Tar().raw(gnu_sparse("f", 5, 100, {{10, 2}, {20, 2}}, false)).bytes(),
                "5 are stored"));
  auto head =
      test::pax_record("GNU.sparse.major", "1") + test::pax_record("GNU.sparse.realsize", "100");
  CHECK(refused(Tar().pax(head).file("f", "999999999999\n").bytes(), "sparse map"));
  CHECK(refused(Tar().pax(head).file("f", "2\n10\n-2\n").bytes(), "where a number should stand"));
  CHECK(refused(Tar().pax(head).file("f", "2\n10\n").bytes(), "exceeds the stored"));
  CHECK(refused(Tar().pax(test::pax_record("GNU.sparse.map", "1,2,3")).file("f").bytes(),
                "no length"));
}

TEST_CASE("PAX records that lie about their length or keyword are refused") {
  for (std::string bad : {"99 path=x\n", "10 path=xy", "8 path=xyz\n", "path=x\n", "0 a=b\n",
                          "6 a=b", "5 =b\n", "-6 a=b\n", "4 a\n", "18446744073709551615 a=b\n"})
    CHECK(refused(Tar().pax(bad).file("f").bytes(), "PAX"));
  CHECK(refused(Tar().pax(test::pax_record("size", "-1")).file("f").bytes(), "no number"));
  CHECK(refused(Tar().pax(test::pax_record("mtime", "soon")).file("f").bytes(), "mtime"));
}

TEST_CASE("names that no file system holds are refused") {
  CHECK(refused(Tar().pax(test::pax_record("path", std::string("a\0b", 3))).file("f").bytes(),
                "NUL"));
  CHECK(refused(Tar().pax(test::pax_record("path", std::string(65536, 'n'))).file("f").bytes(),
                "65536 bytes"));
  CHECK(refused(
      Tar().entry({.name = "L", .type = 'L'}, std::string("good\0evil", 9)).file("f").bytes(),
      "NUL"));
  CHECK(refused(Tar().file("").bytes(), "an empty name"));
  CHECK(refused(Tar().symlink("s", "").bytes(), "an empty link target"));
  CHECK(all(Tar().file("new\nline").bytes())[0].entry.path == "new\nline");
}

TEST_CASE("an extended header larger than any honest one is refused unread") {
  CHECK(refused(Tar().raw(test::tar_header({.name = "x", .type = 'x', .size = 1ULL << 30})).bytes(),
                "extended header"));
}

TEST_CASE("a wrong checksum and an unknown type are refused") {
  auto header = test::tar_header({.name = "f"});
  header[0] = 'g';
  CHECK(refused(Tar().raw(header).bytes(), "checksum"));
  CHECK(refused(std::string(2048, 'z'), "checksum"));
  CHECK(refused(Tar().entry({.name = "f", .type = 'M'}).bytes(), "unknown type"));
}

TEST_CASE("an archive without its end is refused, what follows the end is not read") {
  CHECK(refused("", "cut short"));
  CHECK(refused(Tar().file("f", "abc").without_end(), "cut short"));
  CHECK(refused(test::tar_header({.name = "f", .size = 5000}) + "abc", "cut short"));
  CHECK(refused(Tar().file("f").without_end().substr(0, 100), "cut short"));
  CHECK(all(Tar().file("f").bytes() + "garbage that is no tar").size() == 1);
  CHECK(all(Tar().file("f").without_end() + std::string(512, '\0')).size() == 1);
  CHECK(refused(
      Tar().file("f").without_end() + std::string(512, '\0') + test::tar_header({.name = "g"}),
      "after the end block"));
  CHECK(all(std::string(1024, '\0')).empty());
}

TEST_CASE("only files have content, whatever the size of another entry says") {
  auto seen = all(
      Tar().raw(test::tar_header({.name = "d", .type = '5', .size = 4096})).file("f", "x").bytes());
  REQUIRE(seen.size() == 2);
  CHECK(seen[1].entry.path == "f");
}

TEST_CASE("a v7 archive knows folders by the slash, and has no prefix") {
  auto old = test::tar_header({.name = "d/", .type = '\0', .prefix = "not/a/prefix"});
  test::put(old, 257, std::string(8, '\0'));
  test::put_checksum(old);
  auto seen = all(Tar().raw(old).bytes());
  CHECK(seen[0].entry.type == EntryType::Folder);
  CHECK(seen[0].entry.path == "d/");
}
