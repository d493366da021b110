// Tar entries from bytes: ustar, PAX, GNU and old sparse dialects, fed piece by piece. Pure.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "image/digest.h"

namespace image {

enum class EntryType { File, Folder, Symlink, HardLink, CharDevice, BlockDevice, Fifo };

// One entry as the archive says it. Nothing is made safe but what no file system could take: no
// name is empty, holds NUL, or is longer than kLongestPath; numbers are in the kernel's ranges.
struct Entry {
  EntryType type = EntryType::File;
  std::string path{};
  std::string link{};  // target of a symbolic link, path of a hard link's first name
  unsigned mode = 0;   // permission and set-id bits
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t size = 0;  // of a file's content, holes included
  std::int64_t mtime = 0;  // seconds
  std::uint32_t mtime_nanoseconds = 0;
  std::uint32_t dev_major = 0;
  std::uint32_t dev_minor = 0;
  std::vector<std::pair<std::string, std::string>> xattrs{};
  friend bool operator==(const Entry&, const Entry&) = default;
};

inline constexpr std::size_t kLongestPath = 4095;  // PATH_MAX without its NUL
inline constexpr std::size_t kTarBlock = 512;

// Who takes the entries. For each: begin, content (files only; pieces in ascending order, holes
// left out), end.
class EntrySink {
 public:
  EntrySink() = default;
  EntrySink(const EntrySink&) = delete;
  EntrySink& operator=(const EntrySink&) = delete;
  virtual ~EntrySink() = default;
  virtual base::Status begin(const Entry& entry) = 0;
  virtual base::Status content(std::uint64_t offset, std::string_view bytes) = 0;
  virtual base::Status end() = 0;
};

// Reads an archive that is written to it. Kind::Config for everything that is wrong with it, with
// the offset; what follows the end blocks is ignored. Memory is bounded whatever the archive says.
// man: tar(5); spec: layer.md#distributable-format
class ArchiveReader : public Sink {
 public:
  // `to` outlives it.
  explicit ArchiveReader(EntrySink* to);
  ~ArchiveReader() override;
  base::Status write(std::string_view bytes) override;
  // There is no more: an error when the end blocks have not been seen.
  base::Status finish();

 private:
  class Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace image
