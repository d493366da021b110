#include "image/reference.h"

#include <algorithm>
#include <cstdint>

namespace image {
namespace {

constexpr std::size_t kLongestName = 255;
constexpr std::size_t kLongestTag = 128;
constexpr std::string_view kDockerHub = "docker.io";

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_lower(c) || is_upper(c) || is_digit(c) || c == '_'; }

bool looks_like_registry(std::string_view part) {
  return part == "localhost" || part.find_first_of(".:") != std::string_view::npos;
}

// [a-zA-Z0-9] with hyphens inside.
bool is_host_label(std::string_view label) {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-')
    return false;
  return std::all_of(label.begin(), label.end(),
                     [](char c) { return is_lower(c) || is_upper(c) || is_digit(c) || c == '-'; });
}

bool is_registry(std::string_view registry) {
  auto host = registry;
  std::optional<std::string_view> port;
  if (!registry.empty() && registry.front() == '[') {
    auto close = registry.find(']');
    if (close == std::string_view::npos) return false;
    host = registry.substr(1, close - 1);
    if (host.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos ||
        host.find(':') == std::string_view::npos)
      return false;
    auto rest = registry.substr(close + 1);
    if (!rest.empty()) {
      if (rest.front() != ':') return false;
      port = rest.substr(1);
    }
  } else {
    if (auto colon = registry.find(':'); colon != std::string_view::npos) {
      host = registry.substr(0, colon);
      port = registry.substr(colon + 1);
    }
    auto labels = base::split(host, '.');
    if (labels.empty() || !std::all_of(labels.begin(), labels.end(), is_host_label)) return false;
  }
  if (!port) return true;
  auto number = base::parse<std::uint16_t>(*port);
  return number && *number > 0;
}

// spec: distribution spec.md#pulling-manifests: [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*
bool is_repository_part(std::string_view part) {
  auto plain = [](char c) { return is_lower(c) || is_digit(c); };
  if (part.empty() || !plain(part.front()) || !plain(part.back())) return false;
  for (std::size_t i = 0; i < part.size();) {
    if (plain(part[i])) {
      ++i;
      continue;
    }
    auto end = i;
    while (end < part.size() && !plain(part[end])) ++end;
    auto separator = part.substr(i, end - i);
    bool hyphens = separator.find_first_not_of('-') == std::string_view::npos;
    if (!hyphens && separator != "." && separator != "_" && separator != "__") return false;
    i = end;
  }
  return true;
}

bool is_tag(std::string_view tag) {
  if (tag.empty() || tag.size() > kLongestTag || !is_word(tag.front())) return false;
  return std::all_of(tag.begin(), tag.end(),
                     [](char c) { return is_word(c) || c == '.' || c == '-'; });
}

base::Error refused(std::string_view text, std::string_view why) {
  return base::usage_error("reference ", base::quote(text), ": ", why);
}

// Splits off the registry and completes what Docker leaves out.
void split_name(std::string_view name, Reference& out) {
  auto slash = name.find('/');
  if (slash != std::string_view::npos && looks_like_registry(name.substr(0, slash))) {
    out.registry = name.substr(0, slash);
    out.repository = name.substr(slash + 1);
  } else {
    out.registry = kDockerHub;
    out.repository = name;
  }
  std::transform(out.registry.begin(), out.registry.end(), out.registry.begin(),
                 [](char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; });
  if (out.registry == "index.docker.io") out.registry = kDockerHub;
  if (out.registry == kDockerHub && out.repository.find('/') == std::string::npos)
    out.repository.insert(0, "library/");
}

}  // namespace

std::string Reference::text() const {
  return digest ? base::cat(name(), "@", digest->text()) : base::cat(name(), ":", tag);
}

bool has_registry(std::string_view text) {
  auto slash = text.find('/');
  return slash != std::string_view::npos && looks_like_registry(text.substr(0, slash));
}

base::Result<Reference> parse_reference(std::string_view text) {
  Reference out;
  auto name = text;
  if (auto at = text.find('@'); at != std::string_view::npos) {
    auto digest = parse_digest(text.substr(at + 1));
    if (!digest) return refused(text, digest.error().text());
    out.digest = std::move(digest).value();
    name = text.substr(0, at);
  }
  // A colon after the last slash starts the tag; one before it belongs to the registry's port.
  auto slash = name.rfind('/');
  auto colon = name.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon != std::string_view::npos) {
    auto tag = name.substr(colon + 1);
    if (!is_tag(tag))
      return refused(text,
                     base::cat("the tag ", base::quote(tag),
                               " must be 1 to 128 letters, digits, \"_\", \".\" or \"-\", and "
                               "start with a letter, a digit or \"_\""));
    if (!out.digest) out.tag = tag;
    name = name.substr(0, colon);
  } else if (!out.digest) {
    out.tag = "latest";
  }
  if (name.empty()) return refused(text, "the name is empty");
  if (name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos)
    return refused(text, "64 hexadecimal digits are an id, not a name");
  split_name(name, out);
  if (!is_registry(out.registry))
    return refused(text, base::cat(base::quote(out.registry), " is not a registry's HOST[:PORT]"));
  auto parts = base::split(out.repository, '/');
  if (parts.empty()) return refused(text, "the repository is missing");
  for (auto part : parts)
    if (!is_repository_part(part))
      return refused(text, base::cat("the part ", base::quote(part),
                                     " must be lower-case letters and digits, with \".\", \"_\", "
                                     "\"__\" or hyphens between them"));
  if (out.name().size() > kLongestName)
    return refused(text, "the name is longer than 255 characters");
  return out;
}

}  // namespace image
