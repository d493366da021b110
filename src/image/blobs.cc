#include "image/blobs.h"

#include <fcntl.h>
#include <sys/file.h>

#include <array>
#include <cerrno>

#include "fs/files.h"
#include "fs/tree.h"
#include "sys/file.h"

namespace image {
namespace {

constexpr unsigned kFolderMode = 0755;
constexpr unsigned kFileMode = 0644;
// At its end, wherever it was read: what is dropped begins anew without a seek.
constexpr int kWriting = O_RDWR | O_APPEND | O_NOFOLLOW;
constexpr int kManyNames = 100000;

// The folder of this name, made if missing, never through a link.
base::Result<base::Fd> open_folder(base::FdRef parent, const std::string& name) {
  auto made = sys::mkdirat(parent, name, kFolderMode);
  if (!made && made.error().code() != EEXIST) return std::move(made).error();
  return sys::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

std::string blob_path(const Digest& digest) {
  return base::cat(algorithm_word(digest.algorithm), "/", digest.hex);
}

// What is resumed goes by its digest, what cannot be by a number.
std::string part_name(const Digest& digest) {
  return base::cat(algorithm_word(digest.algorithm), "-", digest.hex, ".part");
}

enum class Parts { Numbered, All };

// Gives the bytes that they had.
base::Result<std::uint64_t> remove_parts_of(base::FdRef ingest, Parts which) {
  // A descriptor of its own: the place of the next name is a matter of the open file.
  auto folder = TRY(sys::openat(ingest, ".", O_RDONLY | O_DIRECTORY));
  std::uint64_t bytes = 0;
  for (const auto& entry : TRY(fs::list_dir(folder))) {
    bool resumable = entry.name.find('-') != std::string::npos;
    if (!entry.name.ends_with(".part") || (resumable && which == Parts::Numbered)) continue;
    auto stat = TRY(sys::fstatat(ingest, entry.name, AT_SYMLINK_NOFOLLOW));
    TRY(sys::unlinkat(ingest, entry.name));
    bytes += static_cast<std::uint64_t>(stat.st_size);
  }
  return bytes;
}

}  // namespace

BlobWriter::BlobWriter(base::FdRef ingest, base::FdRef blobs, std::string name, base::Fd file,
                       std::optional<Descriptor> promised, bool stays)
    : ingest_(ingest),
      blobs_(blobs),
      name_(std::move(name)),
      file_(std::move(file)),
      promised_(std::move(promised)),
      hasher_(promised_ ? promised_->digest.algorithm : Algorithm::Sha256),
      stays_(stays) {}

BlobWriter::~BlobWriter() {
  bool kept = stays_ && size() > 0;
  if (!name_.empty() && !kept) (void)sys::unlinkat(ingest_, name_);
}

base::Status BlobWriter::write(std::string_view bytes) {
  if (promised_) TRY(check_fits(size_, bytes.size(), promised_->size));
  auto written = fs::write_all(file_, bytes);
  if (!written) stays_ = false;
  TRY(std::move(written), "store");
  hasher_.add(bytes);
  size_ += bytes.size();
  return {};
}

base::Status BlobWriter::restart() {
  TRY(sys::ftruncate(file_, 0), "store");
  hasher_ = Hasher(promised_ ? promised_->digest.algorithm : Algorithm::Sha256);
  size_ = 0;
  return {};
}

base::Status BlobWriter::take_over() {
  std::vector<char> buffer(256 << 10);
  for (;;) {
    auto got = TRY(sys::read(file_, buffer), "store");
    if (got == 0) return {};
    if (promised_ && got > promised_->size - size_) return restart();
    hasher_.add({buffer.data(), got});
    size_ += got;
  }
}

base::Result<Digest> BlobWriter::commit() {
  auto digest = TRY(hasher_.finish());
  if (promised_) {
    auto kept = check_promise(promised_->digest, promised_->size, digest, size_);
    if (!kept) stays_ = false;
    TRY(std::move(kept));
  }
  TRY(sys::fsync(file_), "store");
  new_ = !sys::fstatat(blobs_, blob_path(digest), AT_SYMLINK_NOFOLLOW);
  TRY(sys::renameat2(ingest_, name_, blobs_, blob_path(digest)), "store");
  name_.clear();
  auto folder = TRY(sys::openat(blobs_, std::string(algorithm_word(digest.algorithm)),
                                O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  TRY(sys::fsync(folder), "store");
  return digest;
}

base::Result<Blobs> Blobs::open(base::FdRef layout) {
  Blobs out;
  out.blobs_ = TRY(open_folder(layout, "blobs"));
  (void)TRY(open_folder(out.blobs_, "sha256"));
  (void)TRY(open_folder(out.blobs_, "sha512"));
  out.ingest_ = TRY(open_folder(layout, "ingest"));
  // Who writes to ingest/ holds this lock shared; so whoever gets it alone finds only leftovers.
  out.lock_ = TRY(sys::openat(out.ingest_, "lock", O_RDWR | O_CREAT | O_NOFOLLOW, kFileMode));
  auto alone = sys::flock(out.lock_, LOCK_EX | LOCK_NB);
  if (alone)
    (void)TRY(remove_parts_of(out.ingest_, Parts::Numbered), "clean ingest/");
  else if (alone.error().code() != EWOULDBLOCK)
    return std::move(alone).error();
  TRY(sys::flock(out.lock_, LOCK_SH));
  return out;
}

base::Result<bool> Blobs::has(const Descriptor& descriptor) const {
  auto stat = sys::fstatat(blobs_, blob_path(descriptor.digest), AT_SYMLINK_NOFOLLOW);
  if (!stat) {
    if (stat.error().code() == ENOENT) return false;
    return std::move(stat).error();
  }
  return S_ISREG(stat.value().st_mode) &&
         static_cast<std::uint64_t>(stat.value().st_size) == descriptor.size;
}

base::Result<base::Fd> Blobs::open_blob(const Descriptor& descriptor) const {
  auto fd = sys::openat(blobs_, blob_path(descriptor.digest), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!fd && fd.error().code() == ENOENT)
    return base::config_error("blob ", descriptor.digest.text(), " is missing in the store");
  if (!fd) return std::move(fd).error();
  auto stat = TRY(sys::fstat(fd.value()));
  if (!S_ISREG(stat.st_mode))
    return base::config_error("blob ", descriptor.digest.text(), " is not a file");
  if (static_cast<std::uint64_t>(stat.st_size) != descriptor.size)
    return base::config_error("blob ", descriptor.digest.text(), " has ", stat.st_size,
                              " bytes, its descriptor promises ", descriptor.size);
  return fd;
}

base::Result<std::string> Blobs::read(const Descriptor& descriptor, std::uint64_t most) const {
  if (descriptor.size > most)
    return base::config_error("blob ", descriptor.digest.text(), " has ", descriptor.size,
                              " bytes, at most ", most, " are read");
  auto fd = TRY(open_blob(descriptor));
  auto bytes = TRY(fs::read_all(fd, most));
  Verifier verifier(descriptor.digest, descriptor.size, nullptr);
  TRY(verifier.write(bytes), "blob ", descriptor.digest.text());
  TRY(verifier.finish(), "blob ", descriptor.digest.text());
  return bytes;
}

base::Result<std::unique_ptr<BlobWriter>> Blobs::start(std::optional<Descriptor> promised) const {
  for (int n = 0; n < kManyNames; ++n) {
    auto name = base::cat(n, ".part");
    auto fd = sys::openat(ingest_, name, kWriting | O_CREAT | O_EXCL, kFileMode);
    if (fd)
      return std::make_unique<BlobWriter>(ingest_, blobs_, std::move(name), std::move(fd).value(),
                                          std::move(promised), false);
    if (fd.error().code() != EEXIST) return std::move(fd).error();
  }
  return base::state_error("ingest/ holds ", kManyNames, " unfinished blobs");
}

base::Result<std::unique_ptr<BlobWriter>> Blobs::resume(const Descriptor& promised) const {
  auto name = part_name(promised.digest);
  for (;;) {
    auto file =
        TRY(sys::openat(ingest_, name, kWriting | O_CREAT | O_NONBLOCK, kFileMode), "store");
    auto held = sys::flock(file, LOCK_EX | LOCK_NB);
    if (!held && held.error().code() == EWOULDBLOCK) return start(promised);
    TRY(std::move(held), "store");
    // Who held it before may have made a blob of it.
    auto mine = TRY(sys::fstat(file), "store");
    auto named = sys::fstatat(ingest_, name, AT_SYMLINK_NOFOLLOW);
    if (!named || named.value().st_ino != mine.st_ino) continue;
    if (!S_ISREG(mine.st_mode)) return base::config_error("ingest/", name, " is not a file");
    auto writer = std::make_unique<BlobWriter>(ingest_, blobs_, std::move(name), std::move(file),
                                               promised, true);
    TRY(writer->take_over());
    return writer;
  }
}

base::Result<std::uint64_t> Blobs::remove_parts() const {
  return remove_parts_of(ingest_, Parts::All);
}

base::Result<std::vector<Digest>> Blobs::list() const {
  std::vector<Digest> out;
  for (auto algorithm : {Algorithm::Sha256, Algorithm::Sha512}) {
    auto word = algorithm_word(algorithm);
    auto folder =
        TRY(sys::openat(blobs_, std::string(word), O_RDONLY | O_DIRECTORY | O_NOFOLLOW), "store");
    for (const auto& entry : TRY(fs::list_dir(folder))) {
      auto digest = parse_digest(base::cat(word, ":", entry.name));
      // What is no digest is not ours.
      if (digest) out.push_back(std::move(digest).value());
    }
  }
  return out;
}

base::Result<std::uint64_t> Blobs::remove(const Digest& digest) const {
  auto path = blob_path(digest);
  auto stat = TRY(sys::fstatat(blobs_, path, AT_SYMLINK_NOFOLLOW), "store");
  TRY(sys::unlinkat(blobs_, path), "store");
  return static_cast<std::uint64_t>(stat.st_size);
}

base::Status Blobs::hold_alone() const { return sys::flock(lock_, LOCK_EX); }

base::Result<bool> Blobs::try_hold_alone() const {
  auto alone = sys::flock(lock_, LOCK_EX | LOCK_NB);
  if (alone) return true;
  if (alone.error().code() != EWOULDBLOCK) return std::move(alone).error();
  // man: flock(2): a conversion gives the old lock up first.
  release();
  return false;
}

void Blobs::release() const { (void)sys::flock(lock_, LOCK_SH); }

base::Result<Descriptor> Blobs::put(std::string_view bytes, std::string_view media_type) const {
  auto writer = TRY(start());
  TRY(writer->write(bytes));
  auto digest = TRY(writer->commit());
  return Descriptor{
      .media_type = std::string(media_type), .digest = std::move(digest), .size = bytes.size()};
}

}  // namespace image
