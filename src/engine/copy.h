// Files between a container's root and this machine, as entries of an archive that nobody writes
// down.
#pragma once
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "engine/copy_place.h"
#include "image/archive.h"
#include "image/extract.h"
#include "image/tar_write.h"

namespace engine {

// What is copied. Nothing in it is followed but a link that the path itself ends with, where that
// is asked for.
class CopySource {
 public:
  // In `root` as a container would see it; without one, on this machine.
  static base::Result<CopySource> open(std::optional<base::FdRef> root, const CopyPlace& place,
                                       bool follow_link);
  bool is_folder() const { return is_folder_; }
  // The last name; empty of a folder whose content is meant.
  const std::string& name() const { return name_; }
  // As entries at this path and below it.
  base::Status write(const std::string& path, image::TarWriter& to) const;

 private:
  base::Fd folder_{};  // itself, or where it stands
  std::string name_{};
  std::string entry_{};  // its name in folder_; empty: folder_ itself
  bool is_folder_ = false;
};

// Where it goes to: a path below a folder that nothing leaves.
class CopyTarget {
 public:
  static base::Result<CopyTarget> open(std::optional<base::FdRef> root, const CopyPlace& place,
                                       const CopyPlace& from, bool from_folder,
                                       const std::string& name);
  base::FdRef root() const { return given_ ? *given_ : base::FdRef(own_); }
  // Clean; empty: the root itself.
  const std::string& path() const { return path_; }
  // The folder of that path is there, and stays as it is: only its content is added to.
  bool stays() const { return stays_; }

 private:
  std::optional<base::FdRef> given_{};
  bool stays_ = false;
  base::Fd own_{};
  std::string path_{};
};

// Makes the entries; who owns them, unless they say so themselves.
struct Owner {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};
class CopySink : public image::EntrySink {
 public:
  // `target` outlives it. above: the path that all entries are put below.
  CopySink(const CopyTarget& target, std::string above, std::optional<Owner> owner);
  base::Status begin(const image::Entry& entry) override;
  base::Status content(std::uint64_t offset, std::string_view bytes) override;
  base::Status end() override;
  base::Status finish() { return extractor_.finish(); }

 private:
  // Whether the entry is to be made; a folder is not put in place of a file, nor a file in place of
  // a folder.
  base::Result<bool> fits(const image::Entry& entry) const;

  const CopyTarget& target_;
  std::string above_;
  std::optional<Owner> owner_;
  image::ExtractOptions options_{};
  image::ExtractTotals totals_{};
  image::Extractor extractor_;
  bool skip_ = false;
};

}  // namespace engine
