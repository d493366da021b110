// What a registry's answer means: an error as a sentence, and whether and when to try again.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "image/http.h"

namespace image {

// Foreign text for a terminal: no control characters, not long.
std::string printable(std::string_view text);

// "404 not found (MANIFEST_UNKNOWN: manifest unknown)". spec: distribution spec.md#error-codes
base::Error status_error(const Response& response);

// "registry hung up after 5 of 10 bytes (…)".
base::Error lost_error(const Response& response, std::string_view when);

bool is_redirect(const Response& response);
// A lost connection, and what the registry takes for a passing trouble: 429 and 5xx.
bool may_pass(const Response& response);

// Milliseconds to wait after so many failures: what Retry-After asks for, at most a minute; else
// twice as long each time, with some chance in it, so that many clients do not come back at once.
// RFC 9110, section 10.2.3
unsigned pause_before(unsigned failures, const Response& response, unsigned first_pause);

}  // namespace image
