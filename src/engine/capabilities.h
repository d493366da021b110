// Which capabilities a container has.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"

namespace engine {

// All that there are, "CAP_CHOWN" and so on. man: capabilities(7)
std::vector<std::string> all_capabilities();

// `usual` without those of --cap-drop and with those of --cap-add; names in either case, with or
// without CAP_; ALL is all. What is added one by one stays, whatever else is dropped as ALL.
// Kind::Usage for a name that is none. compat: docker
base::Result<std::vector<std::string>> chosen_capabilities(const std::vector<std::string>& usual,
                                                           const std::vector<std::string>& add,
                                                           const std::vector<std::string>& drop);

}  // namespace engine
