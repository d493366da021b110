#include "image/lookaside.h"

#include <algorithm>
#include <cerrno>

#include "base/json.h"
#include "fs/files.h"
#include "fs/tree.h"
#include "image/policy.h"
#include "image/registry_answer.h"
#include "image/stream.h"
#include "image/url.h"
#include "image/yaml.h"
#include "sys/file.h"

namespace image {
namespace {

using base::FdRef;
using base::Place;
using base::Result;
using base::Status;

constexpr std::uint64_t kLargestFile = 1 << 20;
constexpr std::uint64_t kLargestSignature = 4 << 20;
constexpr std::size_t kMostSignatures = 128;
constexpr int kMostRedirects = 5;
constexpr unsigned kTries = 4;
constexpr unsigned kFirstPause = 250;  // milliseconds
constexpr std::string_view kFile = "file://";

Result<bool> read_bool(const Place& place) {
  auto word = TRY(place.string());
  if (word == "true" || word == "yes" || word == "on") return true;
  if (word == "false" || word == "no" || word == "off") return false;
  return place.error("must be true or false");
}

Result<std::string> read_address(const Place& place) {
  auto text = TRY(place.string());
  while (text.ends_with('/')) text.pop_back();
  if (text.starts_with(kFile)) {
    if (!text.substr(kFile.size()).starts_with('/'))
      return place.error("must be file:// and an absolute path");
    return text;
  }
  auto url = TRY(parse_url(text), place.path());
  if (url.scheme != "http" && url.scheme != "https")
    return place.error("must be a file, http or https URL");
  return text;
}

Result<SignaturePlace> read_place(const Place& section) {
  SignaturePlace out;
  std::string old_name;
  for (const auto& [name, value] : TRY(section.members())) {
    if (name == "lookaside") {
      out.lookaside = TRY(read_address(value));
    } else if (name == "sigstore") {
      old_name = TRY(read_address(value));
    } else if (name == "use-sigstore-attachments") {
      out.use_attachments = TRY(read_bool(value));
    } else if (name != "lookaside-staging" && name != "sigstore-staging") {
      // Those two are for whoever signs.
      return base::config_error(value.path(), ": is not known");
    }
  }
  if (out.lookaside.empty()) out.lookaside = std::move(old_name);
  return out;
}

bool says_something(const SignaturePlace& place) {
  return !place.lookaside.empty() || place.use_attachments;
}

// One answer, wherever it leads. Nothing: there is no such thing.
Result<Response> follow(Transport& transport, const std::string& address, TextSink& text) {
  auto start = TRY(parse_url(address));
  auto here = start;
  constexpr bool kPlainHttp = true;  // as the administrator wrote it
  for (int hops = 0; hops <= kMostRedirects; ++hops) {
    TRY(check_reachable(here, start.host, kPlainHttp));
    text.clear();
    Request request{.url = here.text, .body = &text};
    auto response = TRY(transport.exchange(request));
    if (!response.answered() || !is_redirect(response)) return response;
    here = TRY(parse_url(response.location), "redirect");
  }
  return base::config_error("more than ", kMostRedirects, " redirects");
}

Result<std::optional<std::string>> fetch_by_http(Transport& transport, const std::string& address) {
  TextSink text(kLargestSignature);
  for (unsigned failures = 1;; ++failures) {
    auto response = TRY(follow(transport, address, text));
    if (response.answered() && response.status == 200)
      return std::optional<std::string>(text.take());
    if (response.answered() && response.status == 404) return std::optional<std::string>();
    if (!may_pass(response) || failures >= kTries)
      return response.answered() ? status_error(response) : lost_error(response, "");
    Stop never;
    (void)never.wait(pause_before(failures, response, kFirstPause));
  }
}

Result<std::optional<std::string>> fetch_by_file(const std::string& path) {
  auto text = fs::read_file(FdRef::cwd(), path, kLargestSignature);
  if (text) return std::optional<std::string>(std::move(text).value());
  if (text.error().code() == ENOENT || text.error().code() == ENOTDIR)
    return std::optional<std::string>();
  return std::move(text).error();
}

}  // namespace

Status add_signature_places(std::string_view yaml, SignaturePlaces& places) {
  auto json = TRY(parse_yaml(yaml));
  if (json.is_null()) return {};
  Place document(json);
  for (const auto& [name, value] : TRY(document.members())) {
    if (value.json().is_null()) continue;
    if (name == "default-docker") {
      if (says_something(places.otherwise))
        return base::config_error(value.path(), ": another file says it too");
      places.otherwise = TRY(read_place(value));
    } else if (name == "docker") {
      for (const auto& [scope, section] : TRY(value.members())) {
        auto place = TRY(read_place(section));
        if (!places.scopes.emplace(scope, std::move(place)).second)
          return base::config_error(section.path(), ": another file says it too");
      }
    } else {
      return base::config_error(value.path(), ": is not known");
    }
  }
  return {};
}

Result<SignaturePlaces> find_signature_places(const std::vector<std::string>& folders,
                                              const std::string& usual) {
  SignaturePlaces out;
  for (const auto& path : folders) {
    auto folder = sys::openat(FdRef::cwd(), path, O_RDONLY | O_DIRECTORY);
    if (!folder && folder.error().code() == ENOENT) continue;
    auto opened = TRY(std::move(folder), path);
    std::vector<std::string> names;
    for (auto& entry : TRY(fs::list_dir(opened), path))
      if (entry.name.ends_with(".yaml")) names.push_back(std::move(entry.name));
    std::sort(names.begin(), names.end());
    for (const auto& name : names) {
      auto text = TRY(fs::read_file(opened, name, kLargestFile), path);
      TRY(add_signature_places(text, out), path, "/", name);
    }
    break;
  }
  if (out.otherwise.lookaside.empty() && !usual.empty())
    out.otherwise.lookaside = base::cat(kFile, usual);
  return out;
}

SignaturePlace place_for(const SignaturePlaces& places, const Reference& reference) {
  SignaturePlace out;
  auto take = [&out](const SignaturePlace& place) {
    if (out.lookaside.empty()) out.lookaside = place.lookaside;
    if (!out.use_attachments) out.use_attachments = place.use_attachments;
  };
  for (const auto& scope : docker_scopes(reference))
    if (auto found = places.scopes.find(scope); found != places.scopes.end()) take(found->second);
  take(places.otherwise);
  return out;
}

Result<std::vector<std::string>> fetch_simple_signatures(Transport& transport,
                                                         const std::string& lookaside,
                                                         const std::string& repository,
                                                         const Digest& manifest) {
  std::vector<std::string> out;
  if (lookaside.empty()) return out;
  for (;;) {
    auto address = base::cat(lookaside, "/", repository, "@", algorithm_word(manifest.algorithm),
                             "=", manifest.hex, "/signature-", out.size() + 1);
    auto signature = address.starts_with(kFile) ? fetch_by_file(address.substr(kFile.size()))
                                                : fetch_by_http(transport, address);
    auto found = TRY(std::move(signature), "signature ", address);
    if (!found) return out;
    if (out.size() == kMostSignatures)
      return base::config_error("signature ", address, ": more than ", kMostSignatures);
    out.push_back(*std::move(found));
  }
}

}  // namespace image
