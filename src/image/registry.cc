#include "image/registry.h"

#include <algorithm>

#include "base/json.h"
#include "image/media.h"
#include "image/registry_answer.h"
#include "image/stream.h"

namespace image {
namespace {

constexpr int kMostRedirects = 5;
constexpr int kMostRefusals = 2;
constexpr std::uint64_t kLargestToken = 1 << 20;

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
  bool insecure = options.tls_verify ? !*options.tls_verify : options.insecure;
  auto own = TRY(certificates_for(options.certificates, url));
  bool known = insecure || options.tls_verify || !own.authorities.empty() ||
               !own.certificate.empty() || !options.certificates.own.empty();
  if (options.plain_http || (is_loopback(url.host) && !known))
    url = TRY(parse_url(base::cat("http://", host)));
  return std::unique_ptr<Registry>(new Registry(std::move(reference), options, std::move(found),
                                                std::move(url), insecure, stop));
}

Registry::Registry(Reference reference, RegistryOptions options, FoundCredentials found, Url root,
                   bool insecure, const Stop& stop)
    : reference_(std::move(reference)),
      options_(options),
      found_(std::move(found)),
      root_(std::move(root)),
      stop_(stop),
      insecure_(insecure),
      settled_(!insecure || root_.scheme == "http") {}

base::Result<Registry::Document> Registry::document(Transport& transport,
                                                    std::string_view tag_or_digest) {
  TextSink text(kLargestDocument);
  Body body(text);
  body.restarts = &text;
  auto response =
      TRY(get(transport, base::cat("manifests/", tag_or_digest), kAcceptedManifests, body));
  if (!response.answered())
    return lost_error(response, base::cat(" after ", body.received, " bytes"));
  if (response.status != 200) return refusal(response);
  return Document{text.take(), std::move(response.content_type)};
}

base::Status Registry::blob(Transport& transport, const Descriptor& descriptor, Sink& sink,
                            std::uint64_t have) {
  Body body(sink);
  body.expected = descriptor.size;
  body.received = have;
  if (have > 0 && body.complete()) return {};
  auto response = TRY(get(transport, base::cat("blobs/", descriptor.digest.text()), "", body));
  for (const auto& text : descriptor.urls) {
    if (response.status != 404) break;
    auto url = TRY(parse_url(text), "urls");
    response = TRY(ask(transport, url, {}, &body), url.host);
  }
  if (response.status == 416 && have > 0)
    return base::config_error("has fewer than the ", have, " bytes that are here already");
  if (body.complete() && response.status < 300) return {};
  if (!response.answered())
    return lost_error(response,
                      base::cat(" after ", body.received, " of ", descriptor.size, " bytes"));
  if (response.status != 200 && response.status != 206) return refusal(response);
  return {};
}

base::Status Registry::check_login(Transport& transport) {
  TRY(settle(transport));
  auto url = TRY(parse_url(base::cat(root_.text, "/v2/")));
  auto response = TRY(ask(transport, url, {}));
  if (!response.answered()) return lost_error(response, "");
  if (response.status == 404)
    return base::system_error(reference_.registry, " is no registry of images: /v2/ is not found");
  if (response.status != 200) return refusal(response);
  return {};
}

base::Result<Response> Registry::get(Transport& transport, std::string_view path,
                                     std::string_view accept, Body& body) {
  auto url = TRY(url_of(transport, path));
  Request request;
  if (!accept.empty()) request.headers.push_back(base::cat("Accept: ", accept));
  return ask(transport, url, request, &body);
}

base::Status Registry::settle(Transport& transport) {
  std::lock_guard hold(mutex_);
  if (settled_) return {};
  Tls tls = TRY(certificates_for(options_.certificates, root_));
  tls.verify = false;
  Request request{.url = root_.text + "/v2/", .tls = &tls};
  auto response = transport.exchange(request);
  if (stop_.is_set()) return base::state_error("stopped");
  if (response) tell(request, response.value());
  settled_ = true;
  if (response && response.value().answered()) return {};
  root_ = TRY(parse_url(base::cat("http", root_.text.substr(5))));
  return {};
}

base::Result<Tls> Registry::tls_of(const Url& url) {
  auto place = base::cat(url.host, " ", url.port);
  std::lock_guard hold(tls_mutex_);
  auto known = tls_.find(place);
  if (known != tls_.end()) return known->second;
  auto out = TRY(certificates_for(options_.certificates, url));
  // A folder named for this errand: who signed it is trusted wherever the registry leads us, but
  // we show ourselves to the registry alone.
  if (!options_.certificates.own.empty()) {
    auto own = TRY(certificates_in(options_.certificates.own));
    out.authorities.insert(out.authorities.end(), own.authorities.begin(), own.authorities.end());
    if (url.same_place(root_) && !own.certificate.empty()) {
      out.certificate = std::move(own.certificate);
      out.key = std::move(own.key);
    }
  }
  out.verify = !insecure_;
  tls_.emplace(std::move(place), out);
  return out;
}

base::Result<Url> Registry::url_of(Transport& transport, std::string_view path) {
  TRY(settle(transport));
  return parse_url(base::cat(root_.text, "/v2/", reference_.repository, "/", path));
}

base::Result<Response> Registry::once(Transport& transport, const Url& url, Request request,
                                      unsigned& generation) {
  {
    std::lock_guard hold(mutex_);
    generation = generation_;
    // An upload may have been led elsewhere.
    if (!authorization_.empty() && url.same_place(root_))
      request.headers.push_back(base::cat("Authorization: ", authorization_));
  }
  auto response = TRY(follow(transport, url, std::move(request)));
  // Another place may refuse us, but not ask for our credentials.
  if (!url.same_place(root_)) response.challenges.clear();
  return response;
}

base::Result<Response> Registry::ask(Transport& transport, const Url& url, const Request& request,
                                     Body* body) {
  unsigned failures = 0;
  for (int refusals = 0;;) {
    auto next = request;
    if (body) {
      if (body->restarts) {
        body->restarts->clear();
        body->received = 0;
      }
      next.body = body;
      next.from = body->received;
    }
    unsigned generation = 0;
    auto response = TRY(once(transport, url, std::move(next), generation));
    if (body && body->complete()) return response;
    if (response.answered() && response.status == 401 && refusals++ < kMostRefusals) {
      TRY(authorize(transport, response, generation));
      continue;
    }
    // A silent registry has taken half a minute already.
    failures += response.silent ? 2 : 1;
    if (!may_pass(response) || failures >= options_.tries) return response;
    TRY(pause(failures, response));
  }
}

base::Status Registry::pause(unsigned failures, const Response& response) const {
  if (stop_.wait(pause_before(failures, response, options_.first_pause))) return {};
  return base::state_error("stopped");
}

base::Result<Response> Registry::follow(Transport& transport, const Url& start, Request request) {
  auto here = start;
  for (int hops = 0; hops <= kMostRedirects; ++hops) {
    auto reachable = check_reachable(here, root_.host, may_be_plain());
    if (!reachable && hops > 0) return std::move(reachable).error().in("redirect");
    TRY(std::move(reachable));
    // A secret of this place is not told elsewhere.
    if (!here.same_place(start))
      std::erase_if(request.headers,
                    [](const std::string& h) { return h.starts_with("Authorization:"); });
    request.url = here.text;
    auto tls = TRY(tls_of(here));
    request.tls = &tls;
    auto response = TRY(transport.exchange(request));
    tell(request, response);
    // Another place may refuse us, but not ask for our credentials.
    if (!here.same_place(start)) response.challenges.clear();
    if (!response.answered() || !is_redirect(response)) return response;
    // What goes up is sent once; and a POST that is led on may become a GET.
    if (request.method != Method::Get && request.method != Method::Head) return response;
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

// All that this registry will be asked for, so that the first token is also the last.
std::vector<std::string> Registry::scopes_of(const Challenge& challenge) const {
  auto out = options_.scopes;
  auto scope = challenge.parameter("scope");
  if (scope.empty() && out.empty() && !reference_.repository.empty())
    scope = base::cat("repository:", reference_.repository, ":pull");
  // "repository:a:pull" is part of "repository:a:pull,push".
  bool known = scope.empty() || std::any_of(out.begin(), out.end(), [&](const std::string& other) {
                 return other.starts_with(scope);
               });
  if (!known) out.push_back(std::move(scope));
  return out;
}

// spec: registry-auth token.md#requesting-a-token, oauth.md#getting-a-token
base::Result<std::string> Registry::token(Transport& transport, const Challenge& challenge) {
  auto realm = challenge.parameter("realm");
  if (realm.empty()) return base::config_error("the registry names no realm");
  auto query = base::cat("service=", percent_encoded(challenge.parameter("service")));
  for (const auto& scope : scopes_of(challenge))
    query += base::cat("&scope=", percent_encoded(scope));
  TextSink text(kLargestToken);
  Request request{.headers = {"Accept: application/json"}, .body = &text};
  auto url = TRY(parse_url(realm));
  TRY(check_reachable(url, root_.host, may_be_plain()));
  if (found_.credentials && !found_.credentials->identity_token.empty()) {
    request.method = Method::Post;
    request.text =
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
  if (request.method == Method::Get) {
    response = TRY(follow(transport, url, std::move(request)), url.host);
  } else {
    request.url = url.text;
    auto tls = TRY(tls_of(url));
    request.tls = &tls;
    response = TRY(transport.exchange(request), url.host);
    tell(request, response);
  }
  if (!response.answered())
    return base::system_error(url.host, ": hung up (", printable(response.lost), ")");
  if (response.status != 200) return refusal(response).in(url.host);
  auto json = TRY(parse_secret_json(text.take()), url.host);
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
  options_.trace(base::cat(
      method_word(request.method), " ", printable(request.url.substr(0, request.url.find('?'))),
      ": ", response.status, response.answered() ? "" : ", ", printable(response.lost)));
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
