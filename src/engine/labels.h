// Labels as they are typed, and as files hold them.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace engine {

using Words = std::vector<std::string>;

// The lines of a --label-file: without empty ones and those that begin with "#";
// blanks in front go, everything else stays as it is. Kind::Usage for a line without a name, or
// with blanks in it. compat: docker
base::Result<Words> read_lines(std::string_view text);

// "NAME=VALUE", "NAME" with no value; the last of a name counts. Kind::Usage.
base::Result<std::vector<std::pair<std::string, std::string>>> read_labels(const Words& labels);

// The value of a variable, if there is one.
std::optional<std::string> value_of(const Words& environment, std::string_view name);

}  // namespace engine
