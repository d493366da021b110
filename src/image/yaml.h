// YAML as the same plain values as JSON, for configuration that other tools keep in it.
#pragma once
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace image {

// One document of mappings, lists and scalars. Every scalar is a text; a plain empty one and "~"
// are null; no document is null too. Refused: two keys of one name, keys that are no scalars,
// aliases, a second document, nesting deeper than 32. The error names the line.
base::Result<base::Json> parse_yaml(std::string_view text);

}  // namespace image
