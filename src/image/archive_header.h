// One 512-byte tar header block as values: the ustar, GNU and old (v7) forms. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace image {

struct TarHeader {
  char type = '0';
  std::string name{};  // with ustar's prefix
  std::string link{};
  unsigned mode = 0;
  std::int64_t uid = 0;
  std::int64_t gid = 0;
  std::int64_t size = 0;
  std::int64_t mtime = 0;
  std::int64_t dev_major = 0;
  std::int64_t dev_minor = 0;
};

// A number field: octal, with blanks and NUL around it, or base 256 (first bit set). Nothing when
// it is neither, or larger than 63 bits.
std::optional<std::int64_t> tar_number(std::string_view field);

// The field up to its first NUL.
std::string_view tar_text(std::string_view field);

// `block` has 512 bytes and is not all zero. Kind::Config for a wrong checksum or a field that is
// no number. man: tar(5)
base::Result<TarHeader> read_tar_header(std::string_view block);

}  // namespace image
