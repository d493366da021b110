// A sink whose downstream runs in a thread of its own, so that making bytes and using them overlap.
#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "image/digest.h"

namespace image {

// Passes what is written to it on, in the same order, through a few buffers: at most about 1 MiB
// waits, and then the writer does too. What fits one buffer is passed on by finish(), without a
// thread. Whatever `next` touches belongs to the other thread from the first write until finish()
// has returned or the relay is gone.
class Relay : public Sink {
 public:
  // `next` outlives it.
  explicit Relay(Sink* next) : next_(next) {}
  // Waits for the piece that `next` is at; what comes after it is dropped.
  ~Relay() override;
  // The error may be that of an earlier piece: `next` has got nothing after it.
  base::Status write(std::string_view bytes) override;
  // There is no more. Waits until `next` has taken all, and gives its error.
  base::Status finish();

 private:
  void work();
  base::Status hand_over();
  void end(bool drop);

  Sink* next_;
  std::string filling_{};  // the writer's own
  std::thread thread_{};
  std::mutex mutex_{};  // of all below
  std::condition_variable changed_{};
  std::deque<std::string> full_{};
  std::vector<std::string> empty_{};
  bool ended_ = false;
  base::Status result_{};
};

}  // namespace image
