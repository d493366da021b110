// One repository of one registry: documents and blobs over the distribution protocol, with its
// redirects, credentials and second tries.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "image/certificates.h"
#include "image/challenge.h"
#include "image/credentials.h"
#include "image/descriptor.h"
#include "image/http.h"
#include "image/reference.h"
#include "image/url.h"

namespace image {

struct RegistryOptions {
  bool plain_http = false;  // http also for registries that are not on loopback
  // Certificates are not held against anything, and http will do where TLS is not spoken: what
  // registries.conf says, unless the user says it (tls_verify).
  bool insecure = false;
  std::optional<bool> tls_verify{};
  CertificateFolders certificates{};
  Patience patience{};
  unsigned tries = 4;
  unsigned first_pause = 250;  // milliseconds, doubled each time
  // Of tokens, besides what the registry's challenge names: "repository:a/b:pull,push".
  std::vector<std::string> scopes{};
  // Told of each request, from several threads; no secrets.
  std::function<void(std::string_view)> trace{};
};

// What goes up, and can be started again anywhere.
class Content : public Source {
 public:
  virtual void start_at(std::uint64_t offset) = 0;
};

class Registry {
 public:
  // Docker Hub's registry lives at registry-1.docker.io. On loopback http is spoken, unless there
  // are certificates for it or the user asks for TLS; elsewhere https.
  static base::Result<std::unique_ptr<Registry>> make(Reference reference, RegistryOptions options,
                                                      FoundCredentials found, const Stop& stop);

  struct Document {
    std::string bytes{};
    std::string media_type{};  // as the registry says
  };
  // The manifest or index of this tag or digest, unverified. At most kLargestDocument bytes.
  // spec: distribution spec.md#pulling-manifests
  base::Result<Document> document(Transport& transport, std::string_view tag_or_digest);

  // The blob's bytes, but for the first `have`, go to the sink, which verifies them. After a lost
  // connection it goes on where it stopped. What the registry does not have is asked for at the
  // descriptor's urls, without credentials. Kind::Config: the bytes that come do not fit.
  // spec: distribution spec.md#pulling-blobs, descriptor.md#properties (urls)
  base::Status blob(Transport& transport, const Descriptor& descriptor, Sink& sink,
                    std::uint64_t have = 0);

  // Whether the registry lets us in. spec: distribution spec.md#determining-support
  base::Status check_login(Transport& transport);

  // spec: distribution spec.md#checking-if-content-exists-in-the-registry
  base::Result<bool> has_blob(Transport& transport, const Descriptor& descriptor);
  enum class Sent { Uploaded, Mounted };
  // The blob, mounted from another repository of the registry where that works (`elsewhere` empty:
  // none is known), else uploaded. After a lost connection it goes on where the registry stopped.
  // spec: distribution spec.md#pushing-blobs, #mounting-a-blob-from-another-repository
  base::Result<Sent> upload(Transport& transport, const Descriptor& descriptor,
                            const std::string& elsewhere, Content& content);
  // A manifest or index under this tag or digest. spec: distribution spec.md#pushing-manifests
  base::Status put_manifest(Transport& transport, const Descriptor& descriptor,
                            const std::string& bytes, const std::string& tag_or_digest);

 private:
  Registry(Reference reference, RegistryOptions options, FoundCredentials found, Url root,
           bool insecure, const Stop& stop);

  struct Body;
  // Whether http has to do, where it may: asked once.
  base::Status settle(Transport& transport);
  base::Result<Tls> tls_of(const Url& url);
  base::Result<Url> url_of(Transport& transport, std::string_view path);
  bool may_be_plain() const { return options_.plain_http || insecure_; }
  base::Result<Response> get(Transport& transport, std::string_view path, std::string_view accept,
                             Body& body);
  // With second tries, and with credentials when they are asked for.
  base::Result<Response> ask(Transport& transport, const Url& url, const Request& request,
                             Body* body = nullptr);
  // Without; the generation is that of the authorization it went with.
  base::Result<Response> once(Transport& transport, const Url& url, Request request,
                              unsigned& generation);
  // registry_push.cc. Nothing: the blob is mounted.
  base::Result<std::optional<Url>> begin_upload(Transport& transport, const Descriptor& descriptor,
                                                const std::string& elsewhere);
  base::Result<Url> upload_place(const Response& response) const;
  base::Result<std::uint64_t> arrived_at(Transport& transport, Url& place);
  // Gives the place where the upload is to be finished.
  base::Result<Url> send_content(Transport& transport, const Descriptor& descriptor, Url place,
                                 Content& content);
  base::Status finish_upload(Transport& transport, const Descriptor& descriptor, const Url& place,
                             std::string text);
  base::Result<Response> follow(Transport& transport, const Url& start, Request request);
  base::Status pause(unsigned failures, const Response& response) const;
  base::Status authorize(Transport& transport, const Response& refused, unsigned generation);
  std::vector<std::string> scopes_of(const Challenge& challenge) const;
  base::Result<std::string> token(Transport& transport, const Challenge& challenge);
  void tell(const Request& request, const Response& response) const;
  base::Error refusal(const Response& response) const;

  Reference reference_;
  RegistryOptions options_;
  FoundCredentials found_;
  Url root_;  // "https://registry-1.docker.io"
  const Stop& stop_;
  bool insecure_;
  // Shared by the threads of one pull.
  std::mutex mutex_{};
  bool settled_;
  std::mutex tls_mutex_{};  // of tls_: tokens are asked for while the other is held
  std::map<std::string, Tls> tls_{};
  std::string authorization_{};  // the value of the Authorization header; empty: none
  unsigned generation_ = 0;  // of the authorization: who was refused with an old one tries the new
};

}  // namespace image
