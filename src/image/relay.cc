#include "image/relay.h"

#include <utility>

namespace image {
namespace {

constexpr std::size_t kBuffer = 256U << 10;
constexpr std::size_t kMostBuffers = 4;  // with the one that is being filled

}  // namespace

Relay::~Relay() { end(true); }

base::Status Relay::write(std::string_view bytes) {
  while (!bytes.empty()) {
    if (filling_.size() == kBuffer) TRY(hand_over());
    if (filling_.capacity() < kBuffer) filling_.reserve(kBuffer);
    auto piece = bytes.substr(0, kBuffer - filling_.size());
    filling_ += piece;
    bytes.remove_prefix(piece.size());
  }
  return {};
}

base::Status Relay::finish() {
  if (!thread_.joinable()) {
    auto rest = std::exchange(filling_, {});
    return rest.empty() ? base::Status() : next_->write(rest);
  }
  if (!filling_.empty()) TRY(hand_over());
  end(false);
  return result_;
}

// The full buffer goes to the thread, and an empty one takes its place.
base::Status Relay::hand_over() {
  if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
  std::unique_lock hold(mutex_);
  changed_.wait(hold,
                [this] { return !result_ || !empty_.empty() || full_.size() + 1 < kMostBuffers; });
  if (!result_) return result_;
  std::string next;
  if (!empty_.empty()) {
    next = std::move(empty_.back());
    empty_.pop_back();
  }
  full_.push_back(std::exchange(filling_, std::move(next)));
  changed_.notify_all();
  return {};
}

void Relay::work() {
  std::unique_lock hold(mutex_);
  for (;;) {
    changed_.wait(hold, [this] { return ended_ || !full_.empty(); });
    if (full_.empty()) return;
    auto buffer = std::move(full_.front());
    full_.pop_front();
    hold.unlock();
    auto taken = next_->write(buffer);
    hold.lock();
    buffer.clear();
    empty_.push_back(std::move(buffer));
    if (!taken) {
      result_ = std::move(taken);
      full_.clear();
      changed_.notify_all();
      return;
    }
    changed_.notify_all();
  }
}

void Relay::end(bool drop) {
  if (!thread_.joinable()) return;
  {
    std::lock_guard hold(mutex_);
    ended_ = true;
    if (drop) full_.clear();
  }
  changed_.notify_all();
  thread_.join();
}

}  // namespace image
