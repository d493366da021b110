#include "image/archive_pax.h"

#include <algorithm>

namespace image {
namespace {

constexpr std::string_view kXattr = "SCHILY.xattr.";
constexpr std::string_view kSparse = "GNU.sparse.";

// "1234.5678", also negative and without a fraction → seconds rounded down, and nanoseconds.
std::optional<std::pair<std::int64_t, std::uint32_t>> seconds(std::string_view text) {
  auto dot = text.find('.');
  auto whole = base::parse<std::int64_t>(text.substr(0, dot));
  if (!whole) return std::nullopt;
  if (dot == std::string_view::npos) return std::pair{*whole, std::uint32_t{0}};
  auto digits = std::string(text.substr(dot + 1, 9));
  auto all_digits = [](char c) { return c >= '0' && c <= '9'; };
  if (!std::all_of(text.begin() + static_cast<std::ptrdiff_t>(dot) + 1, text.end(), all_digits))
    return std::nullopt;
  digits.resize(9, '0');
  auto fraction = base::parse<std::uint32_t>(digits);
  if (!fraction) return std::nullopt;
  if (!text.starts_with('-') || *fraction == 0) return std::pair{*whole, *fraction};
  if (*whole == INT64_MIN) return std::nullopt;
  return std::pair{*whole - 1, 1'000'000'000U - *fraction};
}

base::Result<std::int64_t> number(std::string_view keyword, std::string_view value) {
  auto n = base::parse<std::int64_t>(value);
  if (!n || *n < 0)
    return base::config_error("PAX record ", base::quote(keyword), ": ", base::quote(value),
                              " is no number");
  return *n;
}

base::Status take_sparse(std::string_view keyword, std::string_view value, PaxRecords& out) {
  auto word = keyword.substr(kSparse.size());
  out.sparse = true;
  if (word == "name") {
    out.sparse_name = value;
  } else if (word == "size" || word == "realsize") {
    out.sparse_size = TRY(number(keyword, value));
  } else if (word == "major") {
    out.sparse_map_in_content = value == "1";
    if (value != "0" && value != "1")
      return base::config_error("sparse form ", base::quote(value), " is unknown");
  } else if (word == "offset" || word == "numbytes") {
    // Form 0.0: pairs of records in this order.
    bool odd = out.sparse_map.size() % 2 == 1;
    if (odd != (word == "numbytes"))
      return base::config_error("sparse map: offset and numbytes do not alternate");
    out.sparse_map.push_back(TRY(number(keyword, value)));
  } else if (word == "map") {
    out.sparse_map.clear();
    for (auto piece : base::split(value, ','))
      out.sparse_map.push_back(TRY(number(keyword, piece)));
  }
  return {};
}

base::Status take(std::string_view keyword, std::string_view value, PaxRecords& out) {
  if (keyword == "path") {
    out.path = value;
  } else if (keyword == "linkpath") {
    out.link = value;
  } else if (keyword == "size") {
    out.size = TRY(number(keyword, value));
  } else if (keyword == "uid") {
    out.uid = TRY(number(keyword, value));
  } else if (keyword == "gid") {
    out.gid = TRY(number(keyword, value));
  } else if (keyword == "mtime") {
    auto time = seconds(value);
    if (!time) return base::config_error("PAX record \"mtime\": ", base::quote(value));
    out.mtime = time->first;
    out.mtime_nanoseconds = time->second;
  } else if (keyword.starts_with(kXattr)) {
    auto name = keyword.substr(kXattr.size());
    if (name.empty() || name.find('\0') != std::string_view::npos)
      return base::config_error("PAX record ", base::quote(keyword), " names no attribute");
    out.xattrs.emplace_back(name, value);
  } else if (keyword.starts_with(kSparse)) {
    return take_sparse(keyword, value, out);
  }
  return {};
}

}  // namespace

base::Result<PaxRecords> read_pax(std::string_view text) {
  PaxRecords out;
  // Each record: "LENGTH KEYWORD=VALUE\n", the length counting all of it.
  while (!text.empty()) {
    auto blank = text.substr(0, 20).find(' ');
    auto length = blank == std::string_view::npos ? std::nullopt
                                                  : base::parse<std::size_t>(text.substr(0, blank));
    if (!length || *length > text.size() || *length < blank + 3 || text[*length - 1] != '\n')
      return base::config_error("PAX record with a wrong length at ",
                                base::quote(text.substr(0, 40)));
    auto record = text.substr(blank + 1, *length - blank - 2);
    auto equals = record.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return base::config_error("PAX record without a keyword: ",
                                base::quote(record.substr(0, 40)));
    TRY(take(record.substr(0, equals), record.substr(equals + 1), out));
    text.remove_prefix(*length);
  }
  if (out.sparse_map.size() % 2 == 1)
    return base::config_error("sparse map: the last piece has no length");
  return out;
}

}  // namespace image
