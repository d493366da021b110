#include "engine/mount_wish.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/units.h"
#include "engine/containers.h"
#include "fs/root.h"

namespace engine {
namespace {

using base::Result;
using base::Status;

constexpr std::array<std::string_view, 6> kPropagations = {"shared", "rshared", "slave",
                                                           "rslave", "private", "rprivate"};

bool is_propagation(std::string_view word) {
  return std::find(kPropagations.begin(), kPropagations.end(), word) != kPropagations.end();
}

Result<std::string> destination(std::string_view text) {
  if (!text.starts_with('/'))
    return base::usage_error("the place in the container must be an absolute path, got ",
                             base::quote(text));
  auto clean = fs::clean(text);
  if (clean.empty()) return base::usage_error("the container's root cannot be a mount");
  return "/" + clean;
}

std::string absolute(std::string_view path, const std::string& here) {
  if (path.starts_with('/')) return "/" + fs::clean(path);
  return "/" + fs::clean(base::cat(here, "/", path));
}

// A path of the host, or the name of a volume.
Status set_source(std::string_view text, const std::string& here, MountWish& out) {
  if (text.starts_with('/') || text.starts_with('.')) {
    out.kind = MountKind::Bind;
    out.source = absolute(text, here);
    out.make_source = true;
    return {};
  }
  if (!check_name("volume", text))
    return base::usage_error(base::quote(text),
                             " is no volume's name, and a host's path begins with / or .");
  out.source = text;
  return {};
}

Status set_option(std::string_view word, MountWish& out) {
  if (word == "ro" || word == "rw") {
    out.read_only = word == "ro";
  } else if (is_propagation(word)) {
    if (out.kind != MountKind::Bind)
      return base::usage_error(base::quote(word), " is for folders of the host only");
    out.propagation = word;
  } else if (word == "nocopy" && out.kind == MountKind::Volume) {
    out.copy = false;
  } else if (word == "z" || word == "Z") {
    out.relabel = true;
  } else if (word == "rbind" || word == "bind") {
    out.recursive = word == "rbind";
  } else if (word == "exec" || word == "noexec" || word == "suid" || word == "nosuid" ||
             word == "dev" || word == "nodev") {
    out.options.emplace_back(word);
  } else if (word != "consistent" && word != "cached" && word != "delegated") {
    // compat: docker: the last three say nothing where host and container share a kernel
    return base::usage_error("unknown option ", base::quote(word));
  }
  return {};
}

// The fields of --mount before they are put together.
struct Fields {
  MountWish wish{};
  std::string source{};
  std::string size{};
  std::string mode{};
};

Result<bool> truth(std::string_view field, std::string_view value) {
  if (value.empty() || value == "true" || value == "1") return true;
  if (value == "false" || value == "0") return false;
  return base::usage_error(field, ": must be true or false, got ", base::quote(value));
}

Status set_kind(std::string_view value, MountWish& out) {
  if (value == "bind")
    out.kind = MountKind::Bind;
  else if (value == "volume")
    out.kind = MountKind::Volume;
  else if (value == "tmpfs")
    out.kind = MountKind::Tmpfs;
  else
    return base::usage_error("type must be bind, volume or tmpfs, got ", base::quote(value));
  return {};
}

Status set_field(std::string_view name, std::string_view value, Fields& out) {
  auto& wish = out.wish;
  if (name == "type") return set_kind(value, wish);
  if (name == "source" || name == "src") {
    out.source = value;
  } else if (name == "target" || name == "dst" || name == "destination") {
    wish.destination = TRY(destination(value));
  } else if (name == "readonly" || name == "ro") {
    wish.read_only = TRY(truth(name, value));
  } else if (name == "bind-propagation") {
    if (!is_propagation(value))
      return base::usage_error("bind-propagation: must be one of ",
                               base::join({kPropagations.begin(), kPropagations.end()}, ", "),
                               ", got ", base::quote(value));
    wish.propagation = value;
  } else if (name == "bind-nonrecursive") {
    bool alone = TRY(truth(name, value));
    wish.recursive = !alone;
  } else if (name == "volume-nocopy") {
    bool bare = TRY(truth(name, value));
    wish.copy = !bare;
  } else if (name == "tmpfs-size") {
    auto bytes = TRY(base::parse_size(value), "tmpfs-size");
    out.size = base::cat(bytes);
  } else if (name == "tmpfs-mode") {
    auto mode = base::parse<unsigned>(value, 8);
    if (!mode || *mode > 07777)
      return base::usage_error("tmpfs-mode: must be an octal mode, got ", base::quote(value));
    out.mode = value;
  } else if (name == "volume-driver" || name == "volume-opt" || name == "volume-label" ||
             name == "volume-subpath" || name == "bind-recursive") {
    return base::unsupported(name, " is not supported");
  } else if (name != "consistency") {
    return base::usage_error("unknown field ", base::quote(name));
  }
  return {};
}

Status check_fields(const Fields& fields) {
  const auto& wish = fields.wish;
  if (wish.destination.empty()) return base::usage_error("dst is missing");
  if (wish.kind != MountKind::Tmpfs && !(fields.size.empty() && fields.mode.empty()))
    return base::usage_error("tmpfs-size and tmpfs-mode are for type=tmpfs");
  if (wish.kind != MountKind::Bind && (!wish.propagation.empty() || !wish.recursive))
    return base::usage_error("bind-propagation and bind-nonrecursive are for type=bind");
  if (wish.kind != MountKind::Volume && !wish.copy)
    return base::usage_error("volume-nocopy is for type=volume");
  if (wish.kind == MountKind::Bind && fields.source.empty())
    return base::usage_error("src is missing");
  if (wish.kind == MountKind::Tmpfs && !fields.source.empty())
    return base::usage_error("src is not for type=tmpfs");
  return {};
}

void set_default(std::vector<std::string>& options, std::string_view no, std::string_view yes) {
  for (const auto& option : options)
    if (option == no || option == yes) return;
  options.emplace_back(no);
}

void usual_tmpfs(std::vector<std::string>& options) {
  set_default(options, "noexec", "exec");
  set_default(options, "nosuid", "suid");
  set_default(options, "nodev", "dev");
}

}  // namespace

Result<MountWish> parse_volume(std::string_view text, const std::string& here) {
  auto parts = base::split(text, ':');
  if (parts.empty() || parts.size() > 3)
    return base::usage_error("must be [HOST|NAME:]PATH[:OPTIONS], got ", base::quote(text));
  MountWish out;
  if (parts.size() > 1) TRY(set_source(parts[0], here, out));
  out.destination = TRY(destination(parts[parts.size() == 1 ? 0 : 1]));
  if (parts.size() == 3)
    for (auto word : base::split(parts[2], ',')) TRY(set_option(word, out));
  return out;
}

Result<std::vector<std::string>> split_fields(std::string_view text) {
  std::vector<std::string> out(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      out.back() += c;
      ++i;
    } else if (c == '"' && (quoted || out.back().empty())) {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  if (quoted) return base::usage_error("a quote does not end: ", base::quote(text));
  return out;
}

Result<MountWish> parse_mount(std::string_view text, const std::string& here) {
  Fields fields;
  for (const auto& field : TRY(split_fields(text))) {
    auto equals = field.find('=');
    auto value = equals == std::string::npos ? std::string() : field.substr(equals + 1);
    TRY(set_field(std::string_view(field).substr(0, equals), value, fields));
  }
  TRY(check_fields(fields));
  auto& out = fields.wish;
  if (out.kind == MountKind::Bind) {
    if (!fields.source.starts_with('/') && !fields.source.starts_with('.'))
      return base::usage_error("src must be a path that begins with / or ., got ",
                               base::quote(fields.source));
    out.source = absolute(fields.source, here);
  } else if (out.kind == MountKind::Volume && !fields.source.empty()) {
    TRY(check_name("volume", fields.source));
    out.source = fields.source;
  } else if (out.kind == MountKind::Tmpfs) {
    if (!fields.size.empty()) out.options.push_back("size=" + fields.size);
    if (!fields.mode.empty()) out.options.push_back("mode=" + fields.mode);
    usual_tmpfs(out.options);
  }
  return std::move(out);
}

Result<MountWish> parse_tmpfs(std::string_view text) {
  auto colon = text.find(':');
  MountWish out{.kind = MountKind::Tmpfs};
  out.destination = TRY(destination(text.substr(0, colon)));
  if (colon != std::string_view::npos)
    for (auto option : base::split(text.substr(colon + 1), ',')) out.options.emplace_back(option);
  usual_tmpfs(out.options);
  return out;
}

}  // namespace engine
