#include "image/tar_write.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <map>
#include <optional>

#include "base/kernel.h"
#include "fs/tree.h"
#include "sys/file.h"

namespace image {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

constexpr std::size_t kShortName = 100;
constexpr std::uint64_t kMostOctal7 = 07777777;       // seven digits: ids, device numbers
constexpr std::uint64_t kMostOctal11 = 077777777777;  // eleven: size and time
constexpr std::size_t kReadAtOnce = 256U << 10;
using Block = std::array<char, kTarBlock>;

char type_letter(EntryType type) {
  switch (type) {
    case EntryType::File:
      return '0';
    case EntryType::HardLink:
      return '1';
    case EntryType::Symlink:
      return '2';
    case EntryType::CharDevice:
      return '3';
    case EntryType::BlockDevice:
      return '4';
    case EntryType::Folder:
      return '5';
    case EntryType::Fifo:
      return '6';
  }
  return '0';
}

void put_text(Block& block, std::size_t at, std::size_t size, std::string_view text) {
  std::copy_n(text.begin(), std::min(size, text.size()), block.begin() + static_cast<long>(at));
}

// Octal digits with leading zeros, and a NUL after them.
void put_number(Block& block, std::size_t at, std::size_t size, std::uint64_t value) {
  for (std::size_t i = size - 1; i-- > 0; value >>= 3U)
    block[at + i] = static_cast<char>('0' + (value & 7U));
}

// One record: its length counts its own digits too. man: pax(1), "pax Extended Header"
void add_record(std::string& out, std::string_view keyword, std::string_view value) {
  auto rest = keyword.size() + value.size() + 3;  // blank, "=" and newline
  auto length = rest + base::cat(rest).size();
  length = rest + base::cat(length).size();
  out += base::cat(length, " ", keyword, "=", value, "\n");
}

Block header(const Entry& entry, std::string_view name, char type, std::uint64_t size) {
  Block out{};
  put_text(out, 0, kShortName, name);
  put_number(out, 100, 8, entry.mode & 07777U);
  put_number(out, 108, 8, std::min<std::uint64_t>(entry.uid, kMostOctal7));
  put_number(out, 116, 8, std::min<std::uint64_t>(entry.gid, kMostOctal7));
  put_number(out, 124, 12, std::min(size, kMostOctal11));
  auto mtime = static_cast<std::uint64_t>(std::max<std::int64_t>(entry.mtime, 0));
  put_number(out, 136, 12, std::min(mtime, kMostOctal11));
  out[156] = type;
  put_text(out, 157, kShortName, entry.link);
  put_text(out, 257, 8,
           std::string_view("ustar\0"
                            "00",
                            8));
  put_number(out, 329, 8, entry.dev_major);
  put_number(out, 337, 8, entry.dev_minor);
  // man: tar(5): the checksum is computed with blanks in its own place.
  put_text(out, 148, 8, "        ");
  std::uint64_t sum = 0;
  for (char c : out) sum += static_cast<unsigned char>(c);
  put_number(out, 148, 7, sum);
  out[154] = '\0';
  return out;
}

std::string_view view(const Block& block) { return {block.data(), block.size()}; }

std::string records_for(const Entry& entry, std::string_view name, std::uint64_t size) {
  std::string out;
  if (name.size() > kShortName) add_record(out, "path", name);
  if (entry.link.size() > kShortName) add_record(out, "linkpath", entry.link);
  if (size > kMostOctal11) add_record(out, "size", base::cat(size));
  if (entry.uid > kMostOctal7) add_record(out, "uid", base::cat(entry.uid));
  if (entry.gid > kMostOctal7) add_record(out, "gid", base::cat(entry.gid));
  if (entry.mtime < 0 || static_cast<std::uint64_t>(entry.mtime) > kMostOctal11)
    add_record(out, "mtime", base::cat(entry.mtime));
  for (const auto& x : entry.xattrs) add_record(out, base::cat("SCHILY.xattr.", x.first), x.second);
  return out;
}

// Attributes that belong to the file, not to the host's policy or to an overlay.
bool portable(const std::string& attribute) {
  return attribute == "security.capability" || attribute.starts_with("system.posix_acl_") ||
         (attribute.starts_with("user.") && !attribute.starts_with("user.overlay."));
}

Status read_attributes(FdRef file, Entry& entry) {
  auto names = sys::flistxattr(file);
  if (!names && names.error().code() == EOPNOTSUPP) return {};
  auto sorted = TRY(std::move(names));
  std::sort(sorted.begin(), sorted.end());
  for (const auto& name : sorted)
    if (portable(name)) entry.xattrs.emplace_back(name, TRY(sys::fgetxattr(file, name)));
  return {};
}

// File systems that are the kernel's, not the tree's.
Result<bool> is_kernels(FdRef folder) {
  using namespace base::kernel;
  constexpr std::array kMagics = {kProcMagic,    kSysfsMagic,  kCgroupMagic,
                                  kCgroup2Magic, kDevptsMagic, kNsfsMagic};
  auto st = TRY(sys::fstatfs(folder));
  return std::find(kMagics.begin(), kMagics.end(), st.f_type) != kMagics.end();
}

class TreeWriter {
 public:
  TreeWriter(TarWriter& to, std::optional<OverlayAttributes> overlay)
      : to_(to), overlay_(overlay), buffer_(kReadAtOnce) {}

  Status folder(FdRef here, const std::string& path, std::optional<dev_t> above) {
    auto st = TRY(sys::fstat(here));
    auto entry = entry_of(st, path + "/");
    entry.type = EntryType::Folder;
    TRY(read_attributes(here, entry));
    TRY(to_.add(entry));
    if (overlay_ && TRY(is_opaque(here, *overlay_))) TRY(add_mark(path + "/.wh..wh..opq", entry));
    if (above && *above != st.st_dev && TRY(is_kernels(here))) return {};
    auto entries = TRY(fs::list_dir(here));
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    for (const auto& child : entries) {
      if (child.name.starts_with(".wh."))
        return base::unsupported(base::quote(path + "/" + child.name),
                                 ": no layer can hold a name that starts with \".wh.\"");
      TRY(one(here, child.name, path + "/" + child.name, st.st_dev));
    }
    return {};
  }

  // `device`: of the folder.
  Status one(FdRef here, const std::string& name, const std::string& path, dev_t device) {
    auto st = TRY(sys::fstatat(here, name, AT_SYMLINK_NOFOLLOW));
    if (S_ISDIR(st.st_mode)) {
      auto inner = TRY(sys::openat(here, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
      return folder(inner, path, device);
    }
    if (S_ISSOCK(st.st_mode)) return {};
    if (overlay_ && is_whiteout(st)) {
      auto folder_path = path.substr(0, path.size() - name.size());
      return add_mark(folder_path + ".wh." + name, entry_of(st, path));
    }
    auto entry = entry_of(st, path);
    if (st.st_nlink > 1) {
      auto [first, is_new] = seen_.emplace(std::pair{st.st_dev, st.st_ino}, path);
      if (!is_new) {
        entry.type = EntryType::HardLink;
        entry.link = first->second;
        return to_.add(entry);
      }
    }
    if (S_ISREG(st.st_mode)) return file(here, name, path);
    if (S_ISLNK(st.st_mode)) {
      entry.type = EntryType::Symlink;
      entry.link = TRY(sys::readlinkat(here, name));
    } else if (S_ISFIFO(st.st_mode)) {
      entry.type = EntryType::Fifo;
    } else {
      entry.type = S_ISCHR(st.st_mode) ? EntryType::CharDevice : EntryType::BlockDevice;
      entry.dev_major = major(st.st_rdev);
      entry.dev_minor = minor(st.st_rdev);
    }
    return to_.add(entry);
  }

 private:
  // spec: layer.md#whiteouts: an empty file
  Status add_mark(std::string path, const Entry& like) {
    return to_.add({.path = std::move(path), .mode = 0600, .mtime = like.mtime});
  }

  static Entry entry_of(const struct stat& st, std::string path) {
    Entry out{.path = std::move(path)};
    out.mode = st.st_mode & 07777U;
    out.uid = st.st_uid;
    out.gid = st.st_gid;
    out.mtime = st.st_mtim.tv_sec;
    return out;
  }

  Status file(FdRef here, const std::string& name, const std::string& path) {
    auto opened = TRY(sys::openat(here, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
    auto st = TRY(sys::fstat(opened));
    if (!S_ISREG(st.st_mode))
      return base::state_error(base::quote(path), " changed while it was read");
    auto entry = entry_of(st, path);
    entry.size = static_cast<std::uint64_t>(st.st_size);
    TRY(read_attributes(opened, entry));
    TRY(to_.add(entry));
    for (auto left = entry.size; left > 0;) {
      auto n = TRY(sys::read(
          opened, std::span(buffer_).first(std::min<std::uint64_t>(left, buffer_.size()))));
      if (n == 0) return base::state_error(base::quote(path), " shrank while it was read");
      TRY(to_.content({buffer_.data(), n}));
      left -= n;
    }
    return {};
  }

  TarWriter& to_;
  std::optional<OverlayAttributes> overlay_;
  std::vector<char> buffer_;
  std::map<std::pair<dev_t, ino_t>, std::string> seen_{};  // files of several names
};

}  // namespace

Status TarWriter::add(const Entry& entry) {
  TRY(pad());
  bool file = entry.type == EntryType::File;
  auto size = file ? entry.size : 0;
  if (entry.dev_major > kMostOctal7 || entry.dev_minor > kMostOctal7)
    return base::unsupported(base::quote(entry.path), ": its device numbers fit no tar header");
  auto records = records_for(entry, entry.path, size);
  if (!records.empty()) {
    Entry extended{.path = "./PaxHeaders", .mode = 0644};
    TRY(to_->write(view(header(extended, extended.path, 'x', records.size()))));
    padding_ = (kTarBlock - records.size() % kTarBlock) % kTarBlock;
    TRY(to_->write(records));
    TRY(pad());
  }
  TRY(to_->write(view(header(entry, entry.path, type_letter(entry.type), size))));
  left_ = size;
  padding_ = (kTarBlock - size % kTarBlock) % kTarBlock;
  return {};
}

Status TarWriter::content(std::string_view bytes) {
  if (bytes.size() > left_) return base::state_error("more content than the entry's size");
  left_ -= bytes.size();
  return to_->write(bytes);
}

Status TarWriter::pad() {
  if (left_ > 0) return base::state_error(left_, " bytes of the entry's content are missing");
  constexpr Block kZeros{};
  TRY(to_->write(view(kZeros).substr(0, padding_)));
  padding_ = 0;
  return {};
}

Status TarWriter::finish() {
  TRY(pad());
  constexpr Block kZeros{};
  TRY(to_->write(view(kZeros)));
  return to_->write(view(kZeros));
}

Status write_tree(FdRef folder, TarWriter& to) {
  TRY(TreeWriter(to, std::nullopt).folder(folder, ".", std::nullopt));
  return to.finish();
}

Status write_entry(FdRef folder, const std::string& name, const std::string& path, TarWriter& to) {
  auto st = TRY(sys::fstat(folder));
  return TreeWriter(to, std::nullopt).one(folder, name, path, st.st_dev);
}

Status write_folder(FdRef folder, const std::string& path, TarWriter& to) {
  return TreeWriter(to, std::nullopt).folder(folder, path, std::nullopt);
}

Status write_changes(FdRef upper, OverlayAttributes attributes, TarWriter& to) {
  TRY(TreeWriter(to, attributes).folder(upper, ".", std::nullopt));
  return to.finish();
}

}  // namespace image
