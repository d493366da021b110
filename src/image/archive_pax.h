// PAX extended header records, as values. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace image {

// What the records of one extended header say; what they do not say is absent.
struct PaxRecords {
  std::optional<std::string> path{};
  std::optional<std::string> link{};
  std::optional<std::int64_t> size{};
  std::optional<std::int64_t> uid{};
  std::optional<std::int64_t> gid{};
  std::optional<std::int64_t> mtime{};
  std::uint32_t mtime_nanoseconds = 0;
  std::vector<std::pair<std::string, std::string>> xattrs{};
  // GNU.sparse.*: which form, and what it says. man: GNU tar manual, "Storing Sparse Files"
  bool sparse = false;
  bool sparse_map_in_content = false;  // form 1.0
  std::optional<std::string> sparse_name{};
  std::optional<std::int64_t> sparse_size{};
  std::vector<std::int64_t> sparse_map{};  // offset, length, offset, length … (forms 0.0 and 0.1)
};

// Kind::Config for records whose length, number or name is wrong; unknown keywords are ignored.
// man: pax(1), "pax Extended Header"
base::Result<PaxRecords> read_pax(std::string_view text);

}  // namespace image
