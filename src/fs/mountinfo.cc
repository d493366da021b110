#include "fs/mountinfo.h"

#include <optional>

#include "base/text.h"
#include "fs/files.h"

namespace fs {
namespace {

using base::Result;

bool octal_digit(char c) { return c >= '0' && c <= '7'; }

// "\040" is a blank.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); i++) {
    if (text[i] == '\\' && i + 3 < text.size() && octal_digit(text[i + 1]) &&
        octal_digit(text[i + 2]) && octal_digit(text[i + 3])) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                               (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

// Fields: id parent major:minor root mount-point options [tag…] - type source super-options
std::optional<MountRow> parse_row(std::string_view line) {
  constexpr std::size_t kFixed = 6;
  auto fields = base::split(line, ' ');
  if (fields.size() < kFixed) return std::nullopt;
  auto id = base::parse<std::uint64_t>(fields[0]);
  auto parent = base::parse<std::uint64_t>(fields[1]);
  if (!id || !parent) return std::nullopt;
  MountRow out;
  out.id = *id;
  out.parent = *parent;
  out.root = unescape(fields[3]);
  out.mount_point = unescape(fields[4]);
  out.options = fields[5];
  auto at = kFixed;
  for (; at < fields.size() && fields[at] != "-"; at++) {
    if (!out.propagation.empty()) out.propagation += ' ';
    out.propagation += fields[at];
  }
  if (at + 3 >= fields.size()) return std::nullopt;
  out.type = fields[at + 1];
  out.source = unescape(fields[at + 2]);
  out.super_options = fields[at + 3];
  return out;
}

}  // namespace

Result<std::vector<MountRow>> parse_mountinfo(std::string_view text) {
  std::vector<MountRow> out;
  for (auto line : base::split(text, '\n')) {
    if (line.empty()) continue;
    auto row = parse_row(line);
    if (!row) return base::system_error("mountinfo: not a mount: ", base::quote(line));
    out.push_back(std::move(*row));
  }
  return out;
}

Result<std::vector<MountRow>> read_mountinfo() {
  auto text = TRY(read_file(FdRef::cwd(), "/proc/self/mountinfo"));
  return parse_mountinfo(text);
}

}  // namespace fs
