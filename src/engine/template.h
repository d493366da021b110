// Go's templates, as far as `--format` needs them. Pure. compat: Go's text/template
#pragma once
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace engine {

// The document put into the template: text as it stands, and
//   {{.A.B}} {{.}}             a member; of a member that is not there, an error
//   {{json .A}}                as JSON
//   {{index .A "key"}}         of an object by name, of a list by number
//   {{len .A}}  {{join .A ","}}  {{upper .A}}  {{lower .A}}
//   {{range .A}}…{{end}}       for each item or member, which is "." inside
//   {{println .A}}
// Kind::Usage for what is none of these. A newline ends it.
base::Result<std::string> fill_template(std::string_view text, const base::Json& document);

}  // namespace engine
