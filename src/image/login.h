// What login keeps and logout forgets: entries of auth.json, or of the helper that it names.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "image/credentials.h"

namespace image {

// The file's text (empty: no file yet) with this registry's credentials, in place of any that it
// had under another spelling; every other member stays. Pure.
// compat: containers-auth.json(5)
base::Result<std::string> with_credentials(std::string_view json, std::string_view registry,
                                           const Credentials& credentials);

struct Forgotten {
  std::string json{};
  std::vector<std::string> keys{};  // of the entries that are gone
};
// The text without this registry's entries; `registry` empty: without any. Entries of single
// repositories ("host/folder") go with their registry. Pure.
base::Result<Forgotten> without_credentials(std::string_view json, std::string_view registry);

// Saves to the file, made with its folders if need be and readable for its owner only; or has the
// credential helper keep them that the file names for this registry.
base::Status save_credentials(const std::string& file, std::string_view registry,
                              const Credentials& credentials, const HelperWorld& helpers);

// Forgets them, also in the helpers; `registry` empty: all. Gives what was forgotten.
base::Result<std::vector<std::string>> forget_credentials(const std::string& file,
                                                          std::string_view registry,
                                                          const HelperWorld& helpers);

}  // namespace image
