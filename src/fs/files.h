// Whole files: read all, write all, replace atomically, lock.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace fs {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

inline constexpr std::uint64_t kReadLimit = 64U << 20;

// From the present offset to the end; more than `limit` bytes is an error.
Result<std::string> read_all(FdRef fd, std::uint64_t limit = kReadLimit);
// The whole file of this name, symbolic links followed: for host files only.
Result<std::string> read_file(FdRef dir, const std::string& path, std::uint64_t limit = kReadLimit);

// All the bytes, however many writes that takes.
Status write_all(FdRef fd, std::string_view bytes);
// One write to an existing file, as the control files of cgroupfs and procfs want it.
Status write_control(FdRef dir, const std::string& path, std::string_view text);

// Whether what is written is to survive a restart of the machine.
enum class Lasting { Run, Disk };
// The file gets this text, or stays as it was: temporary file and rename; for Disk with an fsync of
// the file and of its directory.
Status replace_file(FdRef dir, const std::string& name, std::string_view text, unsigned mode,
                    Lasting lasting = Lasting::Disk);

// Where this file or folder is at present. man: proc(5), /proc/pid/fd
Result<std::string> path_of(FdRef fd);

// An exclusive lock on a file of this name (made if need be), held until the descriptor is closed.
Result<Fd> lock_file(FdRef dir, const std::string& name);

// Makes the directory and all its missing parents (host paths, links followed); gives it back open.
Result<Fd> make_dirs(const std::string& path, unsigned mode);

}  // namespace fs
