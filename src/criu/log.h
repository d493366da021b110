// What CRIU's log says of a failure.
#pragma once
#include <string>
#include <string_view>

namespace criu {

// The last error in the text of a log which is more than the word that all has failed, without the
// time in front; empty when there is none.
std::string last_error(std::string_view log);

}  // namespace criu
