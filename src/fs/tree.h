// Folders as wholes: list, remove and copy without following links.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "sys/file.h"

namespace fs {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

// All entries but "." and "..", in the kernel's order.
Result<std::vector<sys::DirEntry>> list_dir(FdRef dir);

// Removes what is called `name`, with everything in it; links are removed, not followed. Absent is
// fine. Stays on the file system of `dir`: a mounted folder in the way is an error (EXDEV).
Status remove_tree(FdRef dir, const std::string& name);
// The same, but what `keep` says stays, with the folders above it. keep is asked about every entry
// found, by the inode of its folder and its name.
using Keep = std::function<bool(std::uint64_t folder, const std::string& name)>;
Status remove_tree_except(FdRef dir, const std::string& name, const Keep& keep);
// Removes all that a directory holds, not itself.
Status empty_dir(FdRef dir);

// Owner, mode and times of one folder for another.
Status copy_rights_and_times(FdRef from, FdRef to);

// Copies what `from` holds into `to`: modes, owners, times, extended attributes, links, devices;
// hard links within the tree stay hard links only as separate copies.
Status copy_tree(FdRef from, FdRef to);

}  // namespace fs
