#include "image/certificates.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "fs/tree.h"
#include "sys/file.h"

namespace image {
namespace {

bool is_absent(const base::Error& error) {
  return error.code() == ENOENT || error.code() == ENOTDIR;
}

std::vector<std::string> folder_names(const Url& url) {
  auto host = url.host.find(':') == std::string::npos ? url.host : base::cat("[", url.host, "]");
  if (host == "registry-1.docker.io") host = "docker.io";
  std::vector<std::string> out{base::cat(host, ":", url.port)};
  bool usual = url.port == (url.scheme == "http" ? "80" : "443");
  if (usual) out.push_back(std::move(host));
  return out;
}

}  // namespace

base::Result<Tls> certificates_in(const std::string& folder) {
  auto open = TRY(sys::openat(base::FdRef::cwd(), folder, O_RDONLY | O_DIRECTORY));
  std::vector<std::string> names;
  for (auto& entry : TRY(fs::list_dir(open), folder)) names.push_back(std::move(entry.name));
  std::sort(names.begin(), names.end());
  auto has = [&](const std::string& name) {
    return std::binary_search(names.begin(), names.end(), name);
  };
  Tls out;
  for (const auto& name : names) {
    auto path = base::cat(folder, "/", name);
    auto stem = name.substr(0, name.rfind('.'));
    if (name.ends_with(".crt")) out.authorities.push_back(path);
    if (name.ends_with(".key") && !has(stem + ".cert"))
      return base::config_error(path, ": its certificate ", stem, ".cert is missing");
    if (!name.ends_with(".cert")) continue;
    if (!has(stem + ".key")) return base::config_error(path, ": its key ", stem, ".key is missing");
    if (!out.certificate.empty())
      return base::config_error(folder, ": holds more than one certificate of ours (*.cert)");
    out.certificate = path;
    out.key = base::cat(folder, "/", stem, ".key");
  }
  return out;
}

base::Result<Tls> certificates_for(const CertificateFolders& folders, const Url& url) {
  for (const auto& by_host : folders.by_host)
    for (const auto& name : folder_names(url)) {
      auto found = certificates_in(base::cat(by_host, "/", name));
      if (found || !is_absent(found.error())) return found;
    }
  return Tls();
}

}  // namespace image
