#include "image/bundle.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/json.h"
#include "fs/files.h"
#include "fs/root.h"
#include "fs/tree.h"
#include "image/users.h"
#include "spec/write.h"
#include "sys/file.h"

namespace image {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

constexpr unsigned kFolderMode = 0755;
constexpr unsigned kBundleMode = 0700;  // set-id programs in it are not for everybody

}  // namespace

Unfinished::~Unfinished() {
  if (folder_) (void)fs::remove_tree(parent_, temporary());
}

std::string Unfinished::temporary() const { return base::cat(".", name_, ".unpacking"); }

Status Unfinished::make() {
  auto made = sys::mkdirat(parent_, temporary(), kBundleMode);
  if (!made && made.error().code() == EEXIST) {
    TRY(remove_leftover());
    made = sys::mkdirat(parent_, temporary(), kBundleMode);
  }
  TRY(std::move(made));
  folder_ = TRY(sys::openat(parent_, temporary(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  return sys::flock(folder_, LOCK_EX | LOCK_NB);
}

// What a killed bundler left; one at work holds its lock.
Status Unfinished::remove_leftover() {
  auto old = TRY(sys::openat(parent_, temporary(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  if (!sys::flock(old, LOCK_EX | LOCK_NB))
    return base::state_error("another bundler is unpacking to ", base::quote(name_));
  return fs::remove_tree(parent_, temporary());
}

Status Unfinished::keep() {
  auto renamed = sys::renameat2(parent_, temporary(), parent_, name_);
  if (!renamed && (renamed.error().code() == EEXIST || renamed.error().code() == ENOTEMPTY))
    return base::state_error(base::quote(name_), " exists and is not empty");
  TRY(std::move(renamed));
  folder_.close();
  return {};
}

Result<std::unique_ptr<Unfinished>> Unfinished::start(std::string bundle) {
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
  auto out = std::unique_ptr<Unfinished>(new Unfinished(std::move(parent), std::move(name)));
  auto parent_path = TRY(fs::path_of(out->parent_));
  out->path_ = base::cat(parent_path == "/" ? "" : parent_path, "/", out->name_);
  TRY(out->make(), "bundle ", base::quote(bundle));
  return out;
}

Result<std::string> write_bundle_config(FdRef bundle, FdRef root, const ImageConfig& config,
                                        const ConvertOptions& options, const Adjust& adjust) {
  auto accounts = TRY(read_accounts(root));
  auto user = TRY(resolve_user(wanted_user(config, options), accounts));
  auto converted = TRY(convert(config, user, options));
  if (adjust) TRY(adjust(converted, root));
  auto json = spec::write_config(converted);
  TRY(base::check_texts(json), "config.json");
  auto text = base::dump(json, 2) + "\n";
  TRY(fs::replace_file(bundle, "config.json", text, 0644, fs::Lasting::Run));
  return converted.process ? converted.process->cwd : std::string();
}

Status make_working_folder(FdRef root, const std::string& path) {
  if (path.empty()) return {};
  (void)TRY(fs::make_dirs_in(root, path, kFolderMode), "working folder");
  return {};
}

}  // namespace image
