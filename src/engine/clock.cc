#include "engine/clock.h"

#include <ctime>

#include "base/time.h"

namespace engine {

std::string present_time() {
  struct timespec time {};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return base::rfc3339(time.tv_sec, time.tv_nsec);
}

}  // namespace engine
