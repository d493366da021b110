// What CRIU's log says of a failure.
#pragma once
#include <string>
#include <string_view>

namespace criu {

// The last errors (three at most, for the very last is often of the cleaning up) in the text of a
// log which are more than the word that all has failed, without the time in front; empty when there
// is none.
std::string last_errors(std::string_view log);

}  // namespace criu
