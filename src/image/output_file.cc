#include "image/output_file.h"

#include <fcntl.h>

#include <utility>

#include "fs/files.h"
#include "sys/file.h"

namespace image {

using base::FdRef;
using base::Result;
using base::Status;

Result<OutputFile> OutputFile::open(const std::string& path) {
  OutputFile out;
  if (path == "-") return out;
  auto slash = path.rfind('/');
  auto folder = slash == path.npos ? std::string(".") : path.substr(0, slash + 1);
  out.folder_ = TRY(sys::openat(FdRef::cwd(), folder, O_RDONLY | O_DIRECTORY));
  out.name_ = slash == path.npos ? path : path.substr(slash + 1);
  if (out.name_.empty()) return base::usage_error(base::quote(path), " is a folder");
  auto part = base::cat(".", out.name_, ".part");
  // Of another one at work on the same file: whoever commits last has it.
  (void)sys::unlinkat(out.folder_, part);
  constexpr unsigned kMode = 0644;
  out.file_ = TRY(sys::openat(out.folder_, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, kMode));
  out.part_ = std::move(part);
  return out;
}

OutputFile::OutputFile(OutputFile&& o) noexcept
    : folder_(std::move(o.folder_)),
      name_(std::move(o.name_)),
      part_(std::exchange(o.part_, std::string())),
      file_(std::move(o.file_)) {}

OutputFile::~OutputFile() {
  if (!part_.empty()) (void)sys::unlinkat(folder_, part_);
}

Status OutputFile::write(std::string_view bytes) {
  if (!file_) return fs::write_all(FdRef::inherited(1), bytes);
  return fs::write_all(file_, bytes);
}

Status OutputFile::commit() {
  if (!file_) return {};
  TRY(sys::fsync(file_));
  TRY(sys::renameat2(folder_, part_, folder_, name_));
  part_.clear();
  return {};
}

}  // namespace image
