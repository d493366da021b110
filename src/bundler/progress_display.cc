#include "bundler/progress_display.h"

#include <cstdio>

#include "base/text.h"

namespace bundler {
namespace {
constexpr auto kBetweenDrawings = std::chrono::milliseconds(100);

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}
}  // namespace

ProgressDisplay::ProgressDisplay(const Environment& environment, bool quiet)
    : bars_(environment.terminal && !quiet), quiet_(quiet), columns_(environment.columns) {}

ProgressDisplay::~ProgressDisplay() {
  std::lock_guard hold(mutex_);
  if (bars_) redraw(true, "");
}

std::size_t ProgressDisplay::begin(std::string_view what, const image::Descriptor& descriptor) {
  std::lock_guard hold(mutex_);
  rows_.push_back({.transfer = {.what = std::string(what),
                                .digest = descriptor.digest,
                                .size = descriptor.size},
                   .began = Clock::now()});
  if (bars_) redraw(false, "");
  return rows_.size() - 1;
}

void ProgressDisplay::advance(std::size_t blob, std::uint64_t bytes) {
  std::lock_guard hold(mutex_);
  rows_[blob].transfer.have += bytes;
  if (bars_) redraw(false, "");
}

void ProgressDisplay::end(std::size_t blob, End how) {
  std::lock_guard hold(mutex_);
  auto& [transfer, began] = rows_[blob];
  transfer.ended = true;
  transfer.how = how;
  transfer.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  // What failed, or was stopped because another failed, is the error's to tell.
  bool failed = how == End::Failed;
  if (quiet_) return;
  if (bars_)
    redraw(true, failed ? "" : image::show_bar(transfer, columns_));
  else if (!failed)
    print(image::show_line(transfer) + "\n");
}

// What has ended scrolls away above; only the bars in motion are drawn again.
void ProgressDisplay::redraw(bool now, std::string_view above) {
  auto time = Clock::now();
  if (!now && time - last_ < kBetweenDrawings) return;
  last_ = time;
  std::string out;
  if (drawn_ > 0) out += base::cat("\033[", drawn_, "A\r");
  out += "\033[J";
  if (!above.empty()) out += base::cat(above, "\n");
  drawn_ = 0;
  for (auto& [transfer, began] : rows_) {
    if (transfer.ended) continue;
    transfer.seconds = std::chrono::duration<double>(time - began).count();
    out += image::show_bar(transfer, columns_) + "\n";
    ++drawn_;
  }
  print(out);
}

}  // namespace bundler
