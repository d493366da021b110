#include "plan/kernel.h"

#include <utility>

#include "base/text.h"

namespace plan {

base::Status kernel(std::string_view release) {
  auto rest = release;
  auto number = [&] {
    auto digits = rest.substr(0, rest.find_first_not_of("0123456789"));
    rest.remove_prefix(digits.size() < rest.size() ? digits.size() + 1 : rest.size());
    return base::parse<int>(digits);
  };
  auto major = number();
  auto minor = number();
  if (!major || !minor) return {};
  if (std::pair(*major, *minor) >= std::pair(kOldestMajor, kOldestMinor)) return {};
  return base::unsupported("kernel: Linux ", release, " is too old: ", kOldestMajor, ".",
                           kOldestMinor, " or newer is needed");
}

}  // namespace plan
