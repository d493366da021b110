// Certificates for registries, in folders named after their hosts. man: containers-certs.d(5)
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "image/http.h"
#include "image/url.h"

namespace image {

struct CertificateFolders {
  std::vector<std::string>
      by_host{};      // each holds folders HOST[:PORT]; the first that has it counts
  std::string own{};  // one folder for whatever registry is asked; empty: none
};

// What a folder holds: NAME.crt are authorities, NAME.cert with NAME.key is our own certificate.
// Kind::Config when one half of it is missing, or when there are two.
base::Result<Tls> certificates_in(const std::string& folder);

// Those of the host's own folder, or none.
base::Result<Tls> certificates_for(const CertificateFolders& folders, const Url& url);

}  // namespace image
