#include "image/http.h"

#include <curl/curl.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/text.h"
#include "image/late.h"
#include "image/url.h"

namespace image {
namespace {

constexpr std::size_t kLongestProblem = 16384;
constexpr std::size_t kMostHeaderBytes = 256 << 10;
constexpr curl_off_t kLongestRetry = 1 << 30;

// One exchange, while it lasts.
struct Exchange {
  CURL* curl = nullptr;
  const Request* request = nullptr;
  const Stop* stop = nullptr;
  Response response{};
  std::optional<base::Error> failure{};
  std::size_t header_bytes = 0;
  std::uint64_t drop = 0;  // bytes that the caller has already
};

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

std::size_t take_header(char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  exchange.header_bytes += size;
  if (exchange.header_bytes > kMostHeaderBytes) {
    exchange.failure = base::config_error("the registry sends endless headers");
    return 0;
  }
  std::string_view line(data, size);
  // A new status line (after 100 Continue) starts the headers anew.
  if (line.starts_with("HTTP/")) exchange.response = {};
  auto colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  auto name = line.substr(0, colon);
  auto value = std::string(base::trim(line.substr(colon + 1)));
  auto& response = exchange.response;
  if (equals_ignoring_case(name, "content-type"))
    response.content_type = std::move(value);
  else if (equals_ignoring_case(name, "content-range"))
    response.content_range = std::move(value);
  else if (equals_ignoring_case(name, "www-authenticate"))
    response.challenges.push_back(std::move(value));
  else if (equals_ignoring_case(name, "docker-content-digest"))
    response.digest = std::move(value);
  else if (equals_ignoring_case(name, "range"))
    response.range = std::move(value);
  else if (equals_ignoring_case(name, "location"))
    response.location = std::move(value);
  return size;
}

std::size_t take_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  long status = 0;
  curl_easy_getinfo(exchange.curl, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200 && status != 206) {
    auto& problem = exchange.response.problem;
    problem.append(data, std::min(size, kLongestProblem - problem.size()));
    // Enough is read to say what is wrong.
    return problem.size() < kLongestProblem ? size : 0;
  }
  if (!exchange.request->body) return size;
  auto wanted = base::cat("bytes ", exchange.request->from, "-");
  if (status == 206 && !exchange.response.content_range.starts_with(wanted)) {
    exchange.failure =
        base::config_error("the registry sends ", base::quote(exchange.response.content_range),
                           ", wanted ", base::quote(wanted));
    return 0;
  }
  std::string_view bytes(data, size);
  if (status == 200 && exchange.drop > 0) {
    auto known = std::min<std::uint64_t>(exchange.drop, size);
    exchange.drop -= known;
    bytes.remove_prefix(known);
  }
  if (bytes.empty()) return size;
  auto taken = exchange.request->body->write(bytes);
  if (taken) return size;
  exchange.failure = std::move(taken).error();
  return 0;
}

std::size_t give_upload(char* to, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  auto given = exchange.request->upload->read(std::span(to, size));
  if (given) return given.value();
  exchange.failure = std::move(given).error();
  return CURL_READFUNC_ABORT;
}

int look_for_stop(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Exchange*>(user)->stop->is_set() ? 1 : 0;
}

// Our own authorities come to those of the system.
CURLcode add_authorities(CURL*, void* context, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  auto store = SSL_CTX_get_cert_store(static_cast<SSL_CTX*>(context));
  for (const auto& file : exchange.request->tls->authorities) {
    if (X509_STORE_load_file(store, file.c_str()) == 1) continue;
    exchange.failure = base::config_error("the certificate ", file, " cannot be read");
    return CURLE_SSL_CACERT_BADFILE;
  }
  return CURLE_OK;
}

// Whether trying again may help. A connection that was never made will not be made by haste.
bool is_loss(CURL* curl, CURLcode code, std::string_view message) {
  // With TLS 1.3 the server refuses us after the handshake.
  if (message.find("alert") != std::string_view::npos &&
      message.find("certificate") != std::string_view::npos)
    return false;
  if (code == CURLE_OPERATION_TIMEDOUT) {
    curl_off_t connected = 0;
    curl_easy_getinfo(curl, CURLINFO_CONNECT_TIME_T, &connected);
    return connected > 0;
  }
  return code == CURLE_GOT_NOTHING || code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR ||
         code == CURLE_SEND_ERROR || code == CURLE_SEND_FAIL_REWIND || code == CURLE_HTTP2 ||
         code == CURLE_HTTP2_STREAM;
}

}  // namespace

std::string_view method_word(Method method) {
  switch (method) {
    case Method::Get:
      return "GET";
    case Method::Head:
      return "HEAD";
    case Method::Post:
      return "POST";
    case Method::Put:
      return "PUT";
    case Method::Patch:
      return "PATCH";
  }
  return {};
}

void Stop::set() {
  std::lock_guard hold(mutex_);
  set_.store(true);
  changed_.notify_all();
}

bool Stop::wait(unsigned milliseconds) const {
  std::unique_lock hold(mutex_);
  return !changed_.wait_for(hold, std::chrono::milliseconds(milliseconds),
                            [this] { return set_.load(); });
}

HttpLibrary::HttpLibrary() { curl_global_init(CURL_GLOBAL_DEFAULT); }
HttpLibrary::~HttpLibrary() { curl_global_cleanup(); }

struct Transport::State {
  struct Free {
    void operator()(CURL* one) const { curl_easy_cleanup(one); }
  };
  Patience patience;
  const Stop* stop;
  std::unique_ptr<CURL, Free> curl;
};

Transport::Transport(Patience patience, const Stop& stop)
    : state_(std::make_unique<State>(State{patience, &stop, {}})) {
  state_->curl.reset(curl_easy_init());
}
Transport::~Transport() = default;

namespace {

// What holds for every exchange.
void set_manners(CURL* curl, const Patience& patience) {
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "coracle-bundler/" CORACLE_VERSION);
  curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 256L << 10);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, patience.connect);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, patience.slow);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, patience.slowest_bytes);
}

void set_ends(CURL* curl, Exchange& exchange) {
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_for_stop);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &exchange);
}

void set_method(CURL* curl, const Request& request, Exchange& exchange) {
  switch (request.method) {
    case Method::Get:
      return;
    case Method::Head:
      curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
      return;
    case Method::Post:
    case Method::Put:
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(request.text.size()));
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.text.data());
      break;
    case Method::Patch:
      curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
      curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 256L << 10);
      curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE,
                       static_cast<curl_off_t>(request.upload_size));
      curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_upload);
      curl_easy_setopt(curl, CURLOPT_READDATA, &exchange);
      break;
  }
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method_word(request.method).data());
}

void set_tls(CURL* curl, const Tls& tls, Exchange& exchange) {
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, tls.verify ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, tls.verify ? 2L : 0L);
  if (!tls.certificate.empty()) {
    curl_easy_setopt(curl, CURLOPT_SSLCERT, tls.certificate.c_str());
    curl_easy_setopt(curl, CURLOPT_SSLKEY, tls.key.c_str());
  }
  if (tls.authorities.empty()) return;
#if LIBCURL_VERSION_NUM >= 0x075700
  // The store that libcurl keeps is shared with other hosts, which these are not for.
  curl_easy_setopt(curl, CURLOPT_CA_CACHE_TIMEOUT, 0L);
#endif
  curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, add_authorities);
  curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, &exchange);
}

// What helps where TLS fails.
std::string_view advice(CURLcode code) {
  if (code == CURLE_SSL_CONNECT_ERROR) return " (a registry without TLS needs --plain-http)";
  if (code == CURLE_PEER_FAILED_VERIFICATION)
    return " (if it is to be trusted, its authority's certificate goes as NAME.crt into "
           "/etc/containers/certs.d/HOST[:PORT], or into the folder of --cert-dir)";
  return "";
}

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

HeaderList header_list(const Request& request) {
  HeaderList list;
  auto add = [&list](const std::string& header) {
    if (auto longer = curl_slist_append(list.get(), header.c_str())) {
      (void)list.release();
      list.reset(longer);
    }
  };
  for (const auto& header : request.headers) add(header);
  // Few registries answer it, and each upload would wait a second.
  if (request.upload || !request.text.empty()) add("Expect:");
  if (request.from > 0) add(base::cat("Range: bytes=", request.from, "-"));
  return list;
}

// What the end of the transfer means.
base::Result<Response> outcome(CURLcode code, Exchange& exchange, std::string_view message) {
  if (exchange.failure) return *std::move(exchange.failure);
  if (code == CURLE_ABORTED_BY_CALLBACK) return base::state_error("stopped");
  auto& response = exchange.response;
  curl_easy_getinfo(exchange.curl, CURLINFO_RESPONSE_CODE, &response.status);
  curl_off_t seconds = 0;  // also where the header gives a date
  curl_easy_getinfo(exchange.curl, CURLINFO_RETRY_AFTER, &seconds);
  if (seconds > 0) response.retry_after = static_cast<unsigned>(std::min(seconds, kLongestRetry));
  if (!response.location.empty())
    response.location = resolve_url(exchange.request->url, response.location);
  // A problem's body that is cut off still has its status.
  bool has_problem = code == CURLE_WRITE_ERROR && !response.problem.empty();
  if (code == CURLE_OK || has_problem) return std::move(response);
  std::string how(message.empty() ? curl_easy_strerror(code) : message);
  if (!is_loss(exchange.curl, code, how)) {
    long number = 0;
    curl_easy_getinfo(exchange.curl, CURLINFO_OS_ERRNO, &number);
    if (code == CURLE_COULDNT_CONNECT && number != 0)
      return base::Error::from_errno(static_cast<int>(number), how);
    how += advice(code);
    return base::system_error(how);
  }
  response.silent = code == CURLE_OPERATION_TIMEDOUT;
  response.lost = std::move(how);
  return std::move(response);
}

}  // namespace

base::Result<Response> Transport::exchange(const Request& request) {
  CURL* curl = state_->curl.get();
  TRY(load_curl());
  if (!curl) return base::system_error("libcurl cannot start");
  if (state_->stop->is_set()) return base::state_error("stopped");
  Exchange exchange{.curl = curl, .request = &request, .stop = state_->stop, .drop = request.from};
  std::array<char, CURL_ERROR_SIZE> message{};
  auto headers = header_list(request);
  // Keeps the connections, forgets the options.
  curl_easy_reset(curl);
  set_manners(curl, state_->patience);
  set_ends(curl, exchange);
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message.data());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  // compat: Go's programs reach this machine without a proxy, whatever no_proxy says.
  auto url = TRY(parse_url(request.url));
  if (is_loopback(url.host)) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  if (request.tls) set_tls(curl, *request.tls, exchange);
  set_method(curl, request, exchange);
  auto code = curl_easy_perform(curl);
  return outcome(code, exchange, message.data());
}

}  // namespace image
