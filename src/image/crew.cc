#include "image/crew.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace image {

base::Status side_by_side(std::size_t count, unsigned at_once, const Patience& patience, Stop& stop,
                          const Errand& errand) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::optional<base::Error> first;
  auto work = [&] {
    Transport transport(patience, stop);
    for (auto i = next++; i < count && !stop.is_set(); i = next++) {
      auto status = errand(transport, i);
      if (status) continue;
      std::lock_guard hold(mutex);
      if (!first) first = std::move(status).error();
      stop.set();
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < std::min<std::size_t>(std::max(at_once, 1U), count); ++i)
    threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  if (first) return *std::move(first);
  return {};
}

}  // namespace image
