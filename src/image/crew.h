// Errands to a registry, side by side: a few threads, each with a connection of its own.
#pragma once
#include <cstddef>
#include <functional>

#include "base/result.h"
#include "image/http.h"

namespace image {

// The i-th errand; called from several threads at once.
using Errand = std::function<base::Status(Transport& transport, std::size_t i)>;

// Runs `count` errands, at most `at_once` at a time and in this order. The first error stops the
// others by `stop`, and is the one that is given: what they say of being stopped is not.
base::Status side_by_side(std::size_t count, unsigned at_once, const Patience& patience, Stop& stop,
                          const Errand& errand);

}  // namespace image
