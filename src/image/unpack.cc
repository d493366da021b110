#include "image/unpack.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>

#include "base/json.h"
#include "fs/files.h"
#include "fs/root.h"
#include "fs/tree.h"
#include "image/archive.h"
#include "image/compression.h"
#include "image/users.h"
#include "spec/write.h"
#include "sys/file.h"
#include "sys/identity.h"

namespace image {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

constexpr std::size_t kReadAtOnce = 256U << 10;
constexpr unsigned kFolderMode = 0755;
constexpr unsigned kBundleMode = 0700;  // set-id programs in it are not for everybody

// The plain bytes of a layer: hashed for the diff_id, measured against the compressed ones.
class PlainBytes : public Sink {
 public:
  PlainBytes(Algorithm algorithm, const ExtractLimits& limits, const std::uint64_t* compressed,
             Sink* next)
      : hasher_(algorithm), limits_(limits), compressed_(compressed), next_(next) {}

  Status write(std::string_view bytes) override {
    seen_ += bytes.size();
    if (limits_.ratio != 0 && seen_ > limits_.ratio_from && seen_ / limits_.ratio > *compressed_)
      return base::config_error("the layer grows more than ", limits_.ratio, " times");
    hasher_.add(bytes);
    return next_->write(bytes);
  }
  Result<Digest> finish() { return hasher_.finish(); }

 private:
  Hasher hasher_;
  const ExtractLimits& limits_;
  const std::uint64_t* compressed_;
  Sink* next_;
  std::uint64_t seen_ = 0;
};

// Hands bytes on until that fails, and then only takes them: whoever verifies the whole stream can
// go on to its end, and say that it is damaged rather than what came of the damage.
class Fuse : public Sink {
 public:
  explicit Fuse(Sink* next) : next_(next) {}
  Status write(std::string_view bytes) override {
    if (result_) result_ = next_->write(bytes);
    return {};
  }
  Status result() { return std::move(result_); }

 private:
  Sink* next_;
  Status result_{};
};

// No umask while a root file system is made: its modes are the image's.
class NoUmask {
 public:
  NoUmask() : former_(sys::umask(0)) {}
  NoUmask(const NoUmask&) = delete;
  NoUmask& operator=(const NoUmask&) = delete;
  ~NoUmask() { sys::umask(former_); }

 private:
  unsigned former_;
};

// The bundle while it is made: a locked folder beside its place, removed unless it gets there.
class Unfinished {
 public:
  Unfinished(Fd parent, std::string name) : parent_(std::move(parent)), name_(std::move(name)) {}
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  ~Unfinished() {
    if (folder_) (void)fs::remove_tree(parent_, temporary());
  }

  Status make() {
    auto made = sys::mkdirat(parent_, temporary(), kBundleMode);
    if (!made && made.error().code() == EEXIST) {
      TRY(remove_leftover());
      made = sys::mkdirat(parent_, temporary(), kBundleMode);
    }
    TRY(std::move(made));
    folder_ = TRY(sys::openat(parent_, temporary(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    return sys::flock(folder_, LOCK_EX | LOCK_NB);
  }

  Status keep() {
    auto renamed = sys::renameat2(parent_, temporary(), parent_, name_);
    if (!renamed && (renamed.error().code() == EEXIST || renamed.error().code() == ENOTEMPTY))
      return base::state_error(base::quote(name_), " exists and is not empty");
    TRY(std::move(renamed));
    folder_.close();
    return {};
  }

  FdRef folder() const { return folder_; }
  FdRef parent() const { return parent_; }

 private:
  std::string temporary() const { return base::cat(".", name_, ".unpacking"); }

  // What a killed bundler left; one at work holds its lock.
  Status remove_leftover() {
    auto old = TRY(sys::openat(parent_, temporary(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    if (!sys::flock(old, LOCK_EX | LOCK_NB))
      return base::state_error("another bundler is unpacking to ", base::quote(name_));
    return fs::remove_tree(parent_, temporary());
  }

  Fd parent_;
  std::string name_;
  Fd folder_{};
};

Result<std::unique_ptr<Unfinished>> start_bundle(std::string bundle) {
  while (bundle.size() > 1 && bundle.ends_with('/')) bundle.pop_back();
  auto slash = bundle.rfind('/');
  auto name = slash == std::string::npos ? bundle : bundle.substr(slash + 1);
  if (name.empty() || name == "." || name == "..")
    return base::usage_error("bundle ", base::quote(bundle), " has no name of its own");
  auto above = slash == std::string::npos ? "." : slash == 0 ? "/" : bundle.substr(0, slash);
  auto parent =
      TRY(sys::openat(FdRef::cwd(), above, O_RDONLY | O_DIRECTORY), "bundle ", base::quote(bundle));
  auto st = sys::fstatat(parent, name, AT_SYMLINK_NOFOLLOW);
  if (!st && st.error().code() != ENOENT) return std::move(st).error();
  if (st) {
    if (!S_ISDIR(st.value().st_mode))
      return base::state_error("bundle ", base::quote(bundle), " exists and is no folder");
    auto there = TRY(sys::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    auto entries = TRY(sys::getdents(there));
    if (!entries.empty())
      return base::state_error("bundle ", base::quote(bundle), " exists and is not empty");
  }
  auto out = std::make_unique<Unfinished>(std::move(parent), std::move(name));
  TRY(out->make(), "bundle ", base::quote(bundle));
  return out;
}

Status unpack_layers(const Blobs& blobs, const Manifest& manifest, const ImageConfig& config,
                     FdRef root, const UnpackOptions& options, ExtractTotals* totals) {
  std::uint64_t done = 0;
  for (std::size_t i = 0; i < manifest.layers.size(); ++i) {
    const auto& layer = manifest.layers[i];
    (void)TRY(layer_media(layer.media_type), "layer ", i + 1);
    auto blob = TRY(blobs.open_blob(layer), "layer ", i + 1);
    UnpackOptions here = options;
    if (options.progress)
      here.progress = [&](std::uint64_t bytes) { options.progress(done + bytes); };
    TRY(unpack_layer(blob, layer, config.diff_ids[i], root, i == 0, here, totals), "layer ", i + 1,
        " (", layer.digest.brief(), ")");
    done += layer.size;
  }
  return {};
}

Status write_config_file(FdRef folder, FdRef root, const ImageConfig& config,
                         const ConvertOptions& convert_options) {
  auto accounts = TRY(read_accounts(root));
  auto user = TRY(resolve_user(wanted_user(config, convert_options), accounts));
  auto converted = TRY(convert(config, user, convert_options));
  if (converted.process)
    (void)TRY(fs::make_dirs_in(root, converted.process->cwd, kFolderMode), "working folder");
  auto text = base::dump(spec::write_config(converted), 2) + "\n";
  return fs::replace_file(folder, "config.json", text, 0644);
}

}  // namespace

Status unpack_layer(FdRef layer, const Descriptor& descriptor, const Digest& diff_id, FdRef root,
                    bool first, const UnpackOptions& options, ExtractTotals* totals) {
  std::uint64_t read = 0;
  Extractor extractor(root, options.extract, totals, first);
  ArchiveReader archive(&extractor);
  PlainBytes plain(diff_id.algorithm, options.extract.limits, &read, &archive);
  Decompressor decompressor(&plain);
  Fuse fuse(&decompressor);
  Verifier verifier(descriptor.digest, descriptor.size, &fuse);
  std::vector<char> buffer(kReadAtOnce);
  for (;;) {
    auto n = TRY(sys::read(layer, buffer));
    if (n == 0) break;
    read += n;
    TRY(verifier.write({buffer.data(), n}));
    if (options.progress) options.progress(read);
  }
  TRY(verifier.finish());
  TRY(fuse.result());
  TRY(decompressor.finish());
  TRY(archive.finish());
  auto found = TRY(plain.finish());
  if (found != diff_id)
    return base::config_error("its plain bytes have the digest ", found.text(),
                              ", the image's configuration promises ", diff_id.text());
  return extractor.finish();
}

Result<std::vector<std::string>> unpack_image(const Blobs& blobs, const Manifest& manifest,
                                              const ImageConfig& config, const std::string& bundle,
                                              const ConvertOptions& convert_options,
                                              const UnpackOptions& options) {
  TRY(check_layers(manifest, config));
  NoUmask no_umask;
  auto unfinished = TRY(start_bundle(bundle));
  TRY(sys::mkdirat(unfinished->folder(), "rootfs", kFolderMode));
  auto root = TRY(sys::openat(unfinished->folder(), "rootfs", O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  auto here = options;
  here.extract.rootless |= convert_options.rootless.has_value() || sys::geteuid() != 0;
  ExtractTotals totals;
  TRY(unpack_layers(blobs, manifest, config, root, here, &totals));
  TRY(write_config_file(unfinished->folder(), root, config, convert_options));
  TRY(unfinished->keep(), "bundle ", base::quote(bundle));
  return std::move(totals.notes);
}

}  // namespace image
