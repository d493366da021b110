// Where errors and warnings go: stderr, and the file that the caller reads.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/command.h"

namespace runtime {

// The sentence on stderr, and with --log one line or one JSON object {"level","msg","time"}
// appended to the file: podman reads just one. compat: runc
// Besides the sentence they hold the kind of error (base::word) as "code", and "errno" where a
// system call failed.
void log_error(const Global& global, const base::Error& error);

// To stderr; into the file only when the call succeeds, for the same reason.
void log_warnings(const Global& global, const std::vector<std::string>& warnings, bool succeeded);

}  // namespace runtime
