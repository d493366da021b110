// HTTP by libcurl: one request, one answer, its body to a sink. Redirects, credentials and retries
// are the caller's: nothing here is decided.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "image/digest.h"

namespace image {

// Seconds; a transfer slower than `slowest_bytes` a second for `slow` seconds is given up.
struct Patience {
  long connect = 20;
  long slow = 30;
  long slowest_bytes = 512;
};

// Tells the transfers of other threads to end.
class Stop {
 public:
  void set();
  bool is_set() const { return set_.load(); }
  // Waits that long; false when stopped meanwhile.
  bool wait(unsigned milliseconds) const;

 private:
  std::atomic<bool> set_{false};
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
};

enum class Method { Get, Head, Post, Put, Patch };
// "GET" …
std::string_view method_word(Method method);

// Bytes that go up, piece by piece.
class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;
  // How many bytes it has put there; 0 is the end.
  virtual base::Result<std::size_t> read(std::span<char> into) = 0;
};

// How TLS is spoken with one host; ready-made by certificates.h.
struct Tls {
  bool verify = true;
  std::vector<std::string> authorities{};  // files, besides those of the system
  std::string certificate{};               // ours, a file; empty: none
  std::string key{};
};

struct Request {
  Method method = Method::Get;
  std::string url{};
  std::vector<std::string> headers{};  // "Accept: application/json"
  std::string text{};                  // of a POST or PUT: the body
  Source* upload = nullptr;            // of a PATCH: the body …
  std::uint64_t upload_size = 0;       // … and how many bytes it has
  const Tls* tls = nullptr;            // none: as the system has it
  Sink* body = nullptr;                // takes the body of a 200 or 206
  // So many bytes of the body are here already: the rest is asked for, and what comes again is
  // dropped.
  std::uint64_t from = 0;
};

struct Response {
  long status = 0;
  std::string content_type{};
  std::vector<std::string> challenges{};  // the WWW-Authenticate headers
  std::optional<unsigned> retry_after{};  // seconds
  std::string content_range{};
  std::string location{};  // where a redirect leads or an upload goes on, absolute
  std::string digest{};    // Docker-Content-Digest
  std::string range{};     // of an upload: what has arrived
  std::string problem{};   // the body of any other status, its first 16 KiB
  // Not empty: the connection was lost before the end of the answer, and this is how.
  std::string lost{};
  bool silent = false;  // lost because nothing came any more
  bool answered() const { return lost.empty(); }
};

// Sets libcurl up; made once, before any thread, and outlives every Transport.
class HttpLibrary {
 public:
  HttpLibrary();
  HttpLibrary(const HttpLibrary&) = delete;
  HttpLibrary& operator=(const HttpLibrary&) = delete;
  ~HttpLibrary();
};

// One connection after the other, kept open between requests. For one thread.
class Transport {
 public:
  Transport(Patience patience, const Stop& stop);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  // A Response also for a lost connection. Errors: the sink's own; what trying again cannot mend
  // (no such host, connection refused, certificate not trusted); stopped (Kind::State).
  base::Result<Response> exchange(const Request& request);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace image
