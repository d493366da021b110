#include "base/text.h"
#include "image/registry.h"
#include "image/registry_answer.h"

namespace image {
namespace {

constexpr int kMostRefusals = 2;
// Up to here a blob goes with one request, which needs no state at the registry.
constexpr std::uint64_t kSmall = 1 << 20;
constexpr const char* kBytes = "Content-Type: application/octet-stream";

bool is_taken(const Response& response) {
  return response.status == 201 || response.status == 202 || response.status == 204;
}

// "0-99" → 100; "0-0" may also mean nothing.
std::uint64_t arrived(std::string_view range) {
  auto dash = range.find('-');
  auto last = dash == std::string_view::npos ? std::nullopt
                                             : base::parse<std::uint64_t>(range.substr(dash + 1));
  return last && *last > 0 ? *last + 1 : 0;
}

base::Result<std::string> read_whole(Content& content, std::uint64_t size) {
  std::string out(size, '\0');
  content.start_at(0);
  for (std::size_t have = 0; have < size;) have += TRY(content.read(std::span(out).subspan(have)));
  return out;
}

std::string with_query(std::string url, const std::string& query) {
  url += url.find('?') == std::string::npos ? '?' : '&';
  return url + query;
}

base::Status check_digest(const Response& response, const Digest& digest) {
  if (response.digest.empty() || response.digest == digest.text()) return {};
  return base::config_error("the registry has stored ", base::quote(response.digest), ", sent was ",
                            digest.text());
}

}  // namespace

base::Result<bool> Registry::has_blob(Transport& transport, const Descriptor& descriptor) {
  auto url = TRY(url_of(transport, base::cat("blobs/", descriptor.digest.text())));
  auto response = TRY(ask(transport, url, {.method = Method::Head}));
  if (!response.answered()) return lost_error(response, "");
  if (response.status == 404) return false;
  if (response.status != 200) return refusal(response);
  return true;
}

base::Result<std::optional<Url>> Registry::begin_upload(Transport& transport,
                                                        const Descriptor& descriptor,
                                                        const std::string& elsewhere) {
  std::string path = "blobs/uploads/";
  if (!elsewhere.empty())
    path += base::cat("?mount=", percent_encoded(descriptor.digest.text()),
                      "&from=", percent_encoded(elsewhere));
  auto url = TRY(url_of(transport, path));
  auto response = TRY(ask(transport, url, {.method = Method::Post}));
  if (!response.answered()) return lost_error(response, "");
  if (response.status == 201 && !elsewhere.empty()) return std::optional<Url>();
  if (response.status != 202) return refusal(response);
  return std::optional<Url>(TRY(upload_place(response), "upload"));
}

base::Result<Url> Registry::upload_place(const Response& response) const {
  auto url = TRY(parse_url(response.location));
  TRY(check_reachable(url, root_.host, may_be_plain()));
  return url;
}

base::Status Registry::finish_upload(Transport& transport, const Descriptor& descriptor,
                                     const Url& place, std::string text) {
  auto url =
      TRY(parse_url(with_query(place.text, "digest=" + percent_encoded(descriptor.digest.text()))));
  Request request{.method = Method::Put, .headers = {kBytes}, .text = std::move(text)};
  auto response = TRY(ask(transport, url, request));
  if (response.answered() && response.status == 201)
    return check_digest(response, descriptor.digest);
  // The first of two tries may have done it, and lost only its answer.
  auto there = has_blob(transport, descriptor);
  if (there && there.value()) return {};
  if (!response.answered()) return lost_error(response, "");
  return refusal(response);
}

base::Result<std::uint64_t> Registry::arrived_at(Transport& transport, Url& place) {
  auto response = TRY(ask(transport, place, {}));
  if (!response.answered() || response.status != 204)
    return base::state_error("the registry has lost the upload");
  if (!response.location.empty()) place = TRY(upload_place(response));
  return arrived(response.range);
}

base::Result<Url> Registry::send_content(Transport& transport, const Descriptor& descriptor,
                                         Url place, Content& content) {
  std::uint64_t offset = 0;
  unsigned failures = 0;
  for (int refusals = 0;;) {
    content.start_at(offset);
    Request request{.method = Method::Patch, .headers = {kBytes}, .upload = &content};
    request.upload_size = descriptor.size - offset;
    request.headers.push_back(base::cat("Content-Range: ", offset, "-", descriptor.size - 1));
    unsigned generation = 0;
    auto response = TRY(once(transport, place, std::move(request), generation));
    if (response.answered() && is_taken(response))
      return response.location.empty() ? base::Result<Url>(place) : upload_place(response);
    if (response.answered() && response.status == 401 && refusals++ < kMostRefusals) {
      TRY(authorize(transport, response, generation));
    } else {
      failures += response.silent ? 2 : 1;
      // The registry may be of another mind than we of where the upload stands.
      bool again = may_pass(response) || response.status == 404 || response.status == 416;
      if (!again || failures >= options_.tries)
        return response.answered()
                   ? refusal(response)
                   : lost_error(response, base::cat(" while ", descriptor.size, " bytes went up"));
      TRY(pause(failures, response));
    }
    auto there = arrived_at(transport, place);
    if (there && there.value() == descriptor.size) return place;
    if (there && there.value() < descriptor.size) {
      offset = there.value();
      continue;
    }
    auto anew = TRY(begin_upload(transport, descriptor, ""));
    place = *anew;
    offset = 0;
  }
}

base::Result<Registry::Sent> Registry::upload(Transport& transport, const Descriptor& descriptor,
                                              const std::string& elsewhere, Content& content) {
  auto place = TRY(begin_upload(transport, descriptor, elsewhere));
  if (!place) return Sent::Mounted;
  if (descriptor.size <= kSmall) {
    auto text = TRY(read_whole(content, descriptor.size));
    TRY(finish_upload(transport, descriptor, *place, std::move(text)));
    return Sent::Uploaded;
  }
  auto end = TRY(send_content(transport, descriptor, *std::move(place), content));
  TRY(finish_upload(transport, descriptor, end, ""));
  return Sent::Uploaded;
}

base::Status Registry::put_manifest(Transport& transport, const Descriptor& descriptor,
                                    const std::string& bytes, const std::string& tag_or_digest) {
  auto url = TRY(url_of(transport, base::cat("manifests/", tag_or_digest)));
  Request request{
      .method = Method::Put, .headers = {"Content-Type: " + descriptor.media_type}, .text = bytes};
  auto response = TRY(ask(transport, url, request));
  if (!response.answered()) return lost_error(response, "");
  if (response.status != 201) return refusal(response);
  return check_digest(response, descriptor.digest);
}

}  // namespace image
