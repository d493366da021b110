// Archives made byte by byte, honest and hostile, and folders to unpack them into.
#pragma once
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace test {

namespace files = std::filesystem;

struct TarField {
  std::string name{};
  char type = '0';
  std::string link{};
  unsigned mode = 0644;
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::uint64_t size = 0;
  std::uint64_t mtime = 0;
  unsigned dev_major = 0;
  unsigned dev_minor = 0;
  std::string prefix{};
};

inline void put(std::string& block, std::size_t at, std::string_view text) {
  block.replace(at, text.size(), text);
}

inline void put_octal(std::string& block, std::size_t at, std::size_t size, std::uint64_t value) {
  for (std::size_t i = size - 1; i-- > 0; value /= 8)
    block[at + i] = static_cast<char>('0' + value % 8);
}

inline void put_checksum(std::string& block) {
  put(block, 148, "        ");
  std::uint64_t sum = 0;
  for (char c : block) sum += static_cast<unsigned char>(c);
  put_octal(block, 148, 7, sum);
  block[154] = '\0';
}

inline std::string tar_header(const TarField& f) {
  std::string block(512, '\0');
  put(block, 0, std::string_view(f.name).substr(0, 100));
  put_octal(block, 100, 8, f.mode);
  put_octal(block, 108, 8, f.uid);
  put_octal(block, 116, 8, f.gid);
  put_octal(block, 124, 12, f.size);
  put_octal(block, 136, 12, f.mtime);
  block[156] = f.type;
  put(block, 157, std::string_view(f.link).substr(0, 100));
  put(block, 257,
      std::string_view("ustar\0"
                       "00",
                       8));
  put_octal(block, 329, 8, f.dev_major);
  put_octal(block, 337, 8, f.dev_minor);
  put(block, 345, f.prefix);
  put_checksum(block);
  return block;
}

inline std::string padded(std::string text) {
  text.resize((text.size() + 511) / 512 * 512, '\0');
  return text;
}

inline std::string pax_record(std::string_view key, std::string_view value) {
  auto rest = key.size() + value.size() + 3;
  auto length = rest + std::to_string(rest).size();
  length = rest + std::to_string(length).size();
  return std::to_string(length) + " " + std::string(key) + "=" + std::string(value) + "\n";
}

// An archive that grows by calls in a row; bytes() adds the end.
class Tar {
 public:
  Tar& raw(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }
  Tar& entry(TarField f, const std::string& content = {}) {
    f.size = content.size();
    return raw(tar_header(f)).raw(padded(content));
  }
  Tar& file(const std::string& name, const std::string& content = {}, unsigned mode = 0644) {
    return entry({.name = name, .mode = mode}, content);
  }
  Tar& folder(const std::string& name, unsigned mode = 0755, std::uint64_t mtime = 0) {
    return entry({.name = name, .type = '5', .mode = mode, .mtime = mtime});
  }
  Tar& symlink(const std::string& name, const std::string& target) {
    return entry({.name = name, .type = '2', .link = target, .mode = 0777});
  }
  Tar& hard_link(const std::string& name, const std::string& target) {
    return entry({.name = name, .type = '1', .link = target});
  }
  // An extended header of these records, for the next entry.
  Tar& pax(const std::string& records) { return entry({.name = "pax", .type = 'x'}, records); }
  std::string bytes() const { return bytes_ + std::string(1024, '\0'); }
  std::string without_end() const { return bytes_; }

 private:
  std::string bytes_{};
};

// A folder that vanishes with its owner; `outside` stands beside `root`, as what an attack aims at.
class Sandbox {
 public:
  Sandbox() {
    std::string name = files::temp_directory_path() / "coracle-image-XXXXXX";
    path = ::mkdtemp(name.data());
    files::create_directory(root());
    files::create_directory(outside());
    write("outside/victim", "untouched");
    ::chmod((path / "outside/victim").c_str(), 0644);
  }
  ~Sandbox() {
    std::error_code ignored;
    files::remove_all(path, ignored);
  }
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  files::path root() const { return path / "root"; }
  files::path outside() const { return path / "outside"; }
  void write(const std::string& name, std::string_view text) const {
    files::create_directories((path / name).parent_path());
    std::ofstream(path / name) << text;
  }
  std::string read(const std::string& name) const {
    std::stringstream out;
    out << std::ifstream(path / name).rdbuf();
    return out.str();
  }
  struct stat stat_of(const std::string& name) const {
    struct stat st {};
    if (::lstat((path / name).c_str(), &st) != 0) st.st_mode = 0;
    return st;
  }
  bool exists(const std::string& name) const { return stat_of(name).st_mode != 0; }
  // Whether the folder beside the root is as it was.
  bool outside_untouched() const {
    std::size_t n = 0;
    for (const auto& entry : files::directory_iterator(outside())) n += !entry.path().empty();
    auto st = stat_of("outside/victim");
    return n == 1 && read("outside/victim") == "untouched" && (st.st_mode & 07777) == 0644 &&
           st.st_nlink == 1;
  }
  files::path path;
};

}  // namespace test
