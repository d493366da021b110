#include "image/registry.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/named.h"
#include "image/media.h"

namespace image {
namespace {

constexpr int kMostRedirects = 5;
constexpr int kMostRefusals = 2;
constexpr unsigned kLongestPause = 60'000;  // milliseconds
constexpr std::uint64_t kLargestToken = 1 << 20;

constexpr std::array<base::Named<long>, 11> kStatusWords{{
    {"bad request", 400},
    {"unauthorized", 401},
    {"forbidden", 403},
    {"not found", 404},
    {"method not allowed", 405},
    {"requested range not satisfiable", 416},
    {"too many requests", 429},
    {"internal server error", 500},
    {"bad gateway", 502},
    {"service unavailable", 503},
    {"gateway timeout", 504},
}};

class TextSink : public Sink {
 public:
  explicit TextSink(std::uint64_t most) : most_(most) {}
  base::Status write(std::string_view bytes) override {
    if (bytes.size() > most_ - text_.size())
      return base::config_error("is longer than ", most_, " bytes");
    text_ += bytes;
    return {};
  }
  void clear() { text_.clear(); }
  std::string take() { return std::move(text_); }

 private:
  std::uint64_t most_;
  std::string text_;
};

// Foreign text for a terminal: no control characters, not long.
std::string printable(std::string_view text) {
  constexpr std::size_t kLongest = 200;
  std::string out(text.substr(0, kLongest));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return out;
}

// "MANIFEST_UNKNOWN: manifest unknown", or the empty text.
// spec: distribution spec.md#error-codes
std::string problem_text(const Response& response) {
  auto json = base::parse_json(response.problem);
  if (!json) return {};
  auto errors = json.value().find("errors");
  if (!errors || !errors->array_items() || errors->array_items()->empty()) {
    auto details = json.value().find("details");  // token services
    return details && details->string() ? printable(*details->string()) : std::string();
  }
  const auto& first = errors->array_items()->front();
  auto word = [&first](std::string_view name) {
    auto member = first.find(name);
    return member && member->string() ? printable(*member->string()) : std::string();
  };
  auto code = word("code");
  auto message = word("message");
  return code.empty() || message.empty() ? code + message : base::cat(code, ": ", message);
}

base::Error status_error(const Response& response) {
  auto text = base::cat(response.status);
  if (auto word = base::word_of(kStatusWords, response.status); !word.empty())
    text += base::cat(" ", word);
  if (auto problem = problem_text(response); !problem.empty())
    text += base::cat(" (", problem, ")");
  return base::system_error(text);
}

bool is_redirect(const Response& response) {
  auto s = response.status;
  return (s == 301 || s == 302 || s == 303 || s == 307 || s == 308) && !response.location.empty();
}

bool may_pass(const Response& response) {
  return !response.answered() || response.status == 429 || response.status >= 500;
}

unsigned pause_before(unsigned failures, const Response& response, const RegistryOptions& options) {
  if (response.answered() && response.retry_after)
    return std::min(*response.retry_after, kLongestPause / 1000) * 1000;
  return std::min(options.first_pause << std::min(failures - 1, 10U), kLongestPause);
}

}  // namespace

// What of a body has arrived, over all tries.
struct Registry::Body : Sink {
  explicit Body(Sink& to) : to_(to) {}
  base::Status write(std::string_view bytes) override {
    received += bytes.size();
    return to_.write(bytes);
  }
  Sink& to_;
  // A document starts anew at each try: between two tries a tag may have moved.
  TextSink* restarts = nullptr;
  std::uint64_t received = 0;
  // Complete already, whatever the connection says.
  std::optional<std::uint64_t> expected{};
  bool complete() const { return expected && received == *expected; }
};

base::Result<std::unique_ptr<Registry>> Registry::make(Reference reference, RegistryOptions options,
                                                       FoundCredentials found, const Stop& stop) {
  auto host = reference.registry == "docker.io" ? "registry-1.docker.io" : reference.registry;
  auto url = TRY(parse_url(base::cat("https://", host)));
  if (is_loopback(url.host) || options.plain_http) url = TRY(parse_url(base::cat("http://", host)));
  return std::unique_ptr<Registry>(
      new Registry(std::move(reference), options, std::move(found), std::move(url), stop));
}

Registry::Registry(Reference reference, RegistryOptions options, FoundCredentials found, Url root,
                   const Stop& stop)
    : reference_(std::move(reference)),
      options_(options),
      found_(std::move(found)),
      root_(std::move(root)),
      stop_(stop) {}

base::Result<Registry::Document> Registry::document(Transport& transport,
                                                    std::string_view tag_or_digest) {
  TextSink text(kLargestDocument);
  Body body(text);
  auto response =
      TRY(get(transport, base::cat("manifests/", tag_or_digest), kAcceptedManifests, body));
  if (!response.answered())
    return base::system_error(response.silent ? "registry fell silent" : "registry hung up",
                              " after ", body.received, " bytes (", printable(response.lost), ")");
  if (response.status != 200) return refusal(response);
  return Document{text.take(), std::move(response.content_type)};
}

base::Status Registry::blob(Transport& transport, const Descriptor& descriptor, Sink& sink) {
  Body body(sink);
  body.expected = descriptor.size;
  auto response = TRY(get(transport, base::cat("blobs/", descriptor.digest.text()), "", body));
  if (body.complete() && response.status < 300) return {};
  if (!response.answered())
    return base::system_error(response.silent ? "registry fell silent" : "registry hung up",
                              " after ", body.received, " of ", descriptor.size, " bytes (",
                              printable(response.lost), ")");
  if (response.status != 200 && response.status != 206) return refusal(response);
  return {};
}

base::Result<Response> Registry::get(Transport& transport, std::string_view path,
                                     std::string_view accept, Body& body) {
  auto url = TRY(parse_url(base::cat(root_.text, "/v2/", reference_.repository, "/", path)));
  unsigned failures = 0;
  for (int refusals = 0;;) {
    if (body.restarts) {
      body.restarts->clear();
      body.received = 0;
    }
    Request request{.url = url.text, .body = &body, .from = body.received};
    if (!accept.empty()) request.headers.push_back(base::cat("Accept: ", accept));
    unsigned generation = 0;
    {
      std::lock_guard hold(mutex_);
      generation = generation_;
      if (!authorization_.empty())
        request.headers.push_back(base::cat("Authorization: ", authorization_));
    }
    auto response = TRY(follow(transport, url, std::move(request)));
    if (body.complete()) return response;
    if (response.answered() && response.status == 401 && refusals++ < kMostRefusals) {
      TRY(authorize(transport, response, generation));
      continue;
    }
    // A silent registry has taken half a minute already.
    failures += response.silent ? 2 : 1;
    if (!may_pass(response) || failures >= options_.tries) return response;
    if (!stop_.wait(pause_before(failures, response, options_)))
      return base::state_error("stopped");
  }
}

base::Result<Response> Registry::follow(Transport& transport, const Url& start, Request request) {
  auto here = start;
  for (int hops = 0; hops <= kMostRedirects; ++hops) {
    auto reachable = check_reachable(here, root_.host, options_.plain_http);
    if (!reachable && hops > 0) return std::move(reachable).error().in("redirect");
    TRY(std::move(reachable));
    // A secret of this place is not told elsewhere.
    if (!here.same_place(start))
      std::erase_if(request.headers,
                    [](const std::string& h) { return h.starts_with("Authorization:"); });
    request.url = here.text;
    auto response = TRY(transport.exchange(request));
    tell(request, response);
    // Another place may refuse us, but not ask for our credentials.
    if (!here.same_place(start)) response.challenges.clear();
    if (!response.answered() || !is_redirect(response)) return response;
    here = TRY(parse_url(response.location), "redirect");
  }
  return base::config_error("more than ", kMostRedirects, " redirects");
}

base::Status Registry::authorize(Transport& transport, const Response& refused,
                                 unsigned generation) {
  std::lock_guard hold(mutex_);
  if (generation != generation_) return {};
  bool basic = false;
  for (const auto& header : refused.challenges)
    for (const auto& challenge : parse_challenges(header)) {
      if (challenge.scheme == "bearer") {
        auto word = TRY(token(transport, challenge), "token service");
        authorization_ = "Bearer " + word;
        ++generation_;
        return {};
      }
      basic = basic || challenge.scheme == "basic";
    }
  // Refused with the same name and password before: once more does not help.
  bool again = authorization_.starts_with("Basic ");
  if (!basic || again || !found_.credentials || found_.credentials->user.empty())
    return refusal(refused);
  authorization_ =
      "Basic " + base64(base::cat(found_.credentials->user, ":", found_.credentials->password));
  ++generation_;
  return {};
}

// spec: registry-auth token.md#requesting-a-token, oauth.md#getting-a-token
base::Result<std::string> Registry::token(Transport& transport, const Challenge& challenge) {
  auto realm = challenge.parameter("realm");
  if (realm.empty()) return base::config_error("the registry names no realm");
  auto scope = challenge.parameter("scope");
  if (scope.empty()) scope = base::cat("repository:", reference_.repository, ":pull");
  auto query = base::cat("service=", percent_encoded(challenge.parameter("service")),
                         "&scope=", percent_encoded(scope));
  TextSink text(kLargestToken);
  Request request{.headers = {"Accept: application/json"}, .body = &text};
  auto url = TRY(parse_url(realm));
  TRY(check_reachable(url, root_.host, options_.plain_http));
  if (found_.credentials && !found_.credentials->identity_token.empty()) {
    request.form =
        base::cat("grant_type=refresh_token&client_id=coracle&", query,
                  "&refresh_token=", percent_encoded(found_.credentials->identity_token));
  } else {
    url = TRY(parse_url(base::cat(realm, realm.find('?') == std::string::npos ? "?" : "&", query)));
    if (found_.credentials)
      request.headers.push_back(base::cat(
          "Authorization: Basic ",
          base64(base::cat(found_.credentials->user, ":", found_.credentials->password))));
  }
  // A form is not sent on to wherever a redirect leads.
  auto response = Response();
  if (request.form.empty()) {
    response = TRY(follow(transport, url, std::move(request)), url.host);
  } else {
    request.url = url.text;
    response = TRY(transport.exchange(request), url.host);
    tell(request, response);
  }
  if (!response.answered())
    return base::system_error(url.host, ": hung up (", printable(response.lost), ")");
  if (response.status != 200) return refusal(response).in(url.host);
  auto json = TRY(base::parse_json(text.take()), url.host);
  base::Place answer(json);
  auto token = TRY(answer.string_or("token", ""), url.host);
  if (token.empty()) token = TRY(answer.string_or("access_token", ""), url.host);
  bool good = !token.empty() &&
              std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (!good) return base::config_error(url.host, ": gives no token");
  return token;
}

// A query may carry a signature that opens the door: it is not shown.
void Registry::tell(const Request& request, const Response& response) const {
  if (!options_.trace) return;
  options_.trace(base::cat(request.form.empty() ? "GET " : "POST ",
                           printable(request.url.substr(0, request.url.find('?'))), ": ",
                           response.status, response.answered() ? "" : ", ",
                           printable(response.lost)));
}

base::Error Registry::refusal(const Response& response) const {
  auto error = status_error(response);
  if (response.status != 401 && response.status != 403) return error;
  if (!found_.note.empty()) return base::system_error(error.text(), "; ", found_.note);
  if (!found_.credentials)
    return base::system_error(error.text(), "; there are no credentials for ", reference_.registry);
  if (response.status == 401)
    return base::system_error(error.text(), "; the credentials for ", reference_.registry,
                              " are refused");
  return error;
}

}  // namespace image
