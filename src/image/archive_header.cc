#include "image/archive_header.h"

#include <limits>

#include "image/archive.h"

namespace image {
namespace {

// Where the fields are. man: tar(5)
struct Field {
  std::size_t at;
  std::size_t size;
};
constexpr Field kName{0, 100};
constexpr Field kMode{100, 8};
constexpr Field kUid{108, 8};
constexpr Field kGid{116, 8};
constexpr Field kSize{124, 12};
constexpr Field kMtime{136, 12};
constexpr Field kChecksum{148, 8};
constexpr std::size_t kType = 156;
constexpr Field kLink{157, 100};
constexpr Field kMagic{257, 6};  // "ustar\0"; GNU: "ustar "
constexpr Field kMajor{329, 8};
constexpr Field kMinor{337, 8};
constexpr Field kPrefix{345, 155};

std::string_view field(std::string_view block, Field f) { return block.substr(f.at, f.size); }

std::optional<std::int64_t> base256(std::string_view field) {
  // Two's complement, high byte first; the highest bit only marks the form.
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(field[i]); };
  bool negative = (byte(0) & 0x40U) != 0;
  std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
  for (std::size_t i = 0; i < field.size(); ++i) {
    unsigned b = i > 0 ? byte(i) : negative ? byte(0) | 0x80U : byte(0) & 0x7fU;
    // What is shifted out must be nothing but sign.
    if (value >> 55U != (negative ? 0x1ffU : 0U)) return std::nullopt;
    value = value << 8U | b;
  }
  return static_cast<std::int64_t>(value);
}

bool checksum_fits(std::string_view block) {
  auto stored = tar_number(field(block, kChecksum));
  std::int64_t plain = 0;
  std::int64_t with_sign = 0;  // what some old writers computed
  for (std::size_t i = 0; i < block.size(); ++i) {
    bool inside = i >= kChecksum.at && i < kChecksum.at + kChecksum.size;
    plain += inside ? ' ' : static_cast<unsigned char>(block[i]);
    with_sign += inside ? ' ' : static_cast<signed char>(block[i]);
  }
  return stored && (*stored == plain || *stored == with_sign);
}

base::Result<std::int64_t> number(std::string_view block, Field f, std::string_view what) {
  auto value = tar_number(field(block, f));
  if (!value) return base::config_error(what, " is no number: ", base::quote(field(block, f)));
  return *value;
}

}  // namespace

std::optional<std::int64_t> tar_number(std::string_view text) {
  if (!text.empty() && (static_cast<unsigned char>(text[0]) & 0x80U) != 0) return base256(text);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  text = text.substr(0, text.find_first_of(std::string_view(" \0", 2)));
  if (text.empty()) return 0;
  return text[0] == '-' ? std::nullopt : base::parse<std::int64_t>(text, 8);
}

std::string_view tar_text(std::string_view text) { return text.substr(0, text.find('\0')); }

base::Result<TarHeader> read_tar_header(std::string_view block) {
  if (!checksum_fits(block)) return base::config_error("wrong header checksum: this is no tar");
  TarHeader out;
  out.type = block[kType];
  out.name = tar_text(field(block, kName));
  out.link = tar_text(field(block, kLink));
  out.mode = static_cast<unsigned>(TRY(number(block, kMode, "mode"))) & 07777U;
  out.uid = TRY(number(block, kUid, "uid"));
  out.gid = TRY(number(block, kGid, "gid"));
  out.size = TRY(number(block, kSize, "size"));
  out.mtime = TRY(number(block, kMtime, "mtime"));
  auto magic = field(block, kMagic);
  if (!magic.starts_with("ustar")) return out;  // v7: no fields further on
  if (out.type == '3' || out.type == '4') {
    out.dev_major = TRY(number(block, kMajor, "major"));
    out.dev_minor = TRY(number(block, kMinor, "minor"));
  }
  // GNU's own form puts other things where ustar has the prefix.
  auto prefix = tar_text(field(block, kPrefix));
  if (magic[5] == '\0' && !prefix.empty()) out.name = base::cat(prefix, "/", out.name);
  return out;
}

}  // namespace image
