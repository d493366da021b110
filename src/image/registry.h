// One repository of one registry: documents and blobs over the distribution protocol, with its
// redirects, credentials and second tries.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"
#include "image/challenge.h"
#include "image/credentials.h"
#include "image/descriptor.h"
#include "image/http.h"
#include "image/reference.h"
#include "image/url.h"

namespace image {

struct RegistryOptions {
  bool plain_http = false;  // http also for registries that are not on loopback
  Patience patience{};
  unsigned tries = 4;
  unsigned first_pause = 250;  // milliseconds, doubled each time
  // Told of each request, from several threads; no secrets.
  std::function<void(std::string_view)> trace{};
};

class Registry {
 public:
  // Docker Hub's registry lives at registry-1.docker.io. On loopback http is spoken, elsewhere
  // https.
  static base::Result<std::unique_ptr<Registry>> make(Reference reference, RegistryOptions options,
                                                      FoundCredentials found, const Stop& stop);

  struct Document {
    std::string bytes{};
    std::string media_type{};  // as the registry says
  };
  // The manifest or index of this tag or digest, unverified. At most kLargestDocument bytes.
  // spec: distribution spec.md#pulling-manifests
  base::Result<Document> document(Transport& transport, std::string_view tag_or_digest);

  // The blob's bytes go to the sink, which verifies them. After a lost connection it goes on where
  // it stopped. spec: distribution spec.md#pulling-blobs
  base::Status blob(Transport& transport, const Descriptor& descriptor, Sink& sink);

 private:
  Registry(Reference reference, RegistryOptions options, FoundCredentials found, Url root,
           const Stop& stop);

  struct Body;
  base::Result<Response> get(Transport& transport, std::string_view path, std::string_view accept,
                             Body& body);
  base::Result<Response> follow(Transport& transport, const Url& start, Request request);
  base::Status authorize(Transport& transport, const Response& refused, unsigned generation);
  base::Result<std::string> token(Transport& transport, const Challenge& challenge);
  void tell(const Request& request, const Response& response) const;
  base::Error refusal(const Response& response) const;

  Reference reference_;
  RegistryOptions options_;
  FoundCredentials found_;
  Url root_;  // "https://registry-1.docker.io"
  const Stop& stop_;
  // Shared by the threads of one pull.
  std::mutex mutex_{};
  std::string authorization_{};  // the value of the Authorization header; empty: none
  unsigned generation_ = 0;  // of the authorization: who was refused with an old one tries the new
};

}  // namespace image
