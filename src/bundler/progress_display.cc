#include "bundler/progress_display.h"

#include <cstdio>

#include "base/text.h"

namespace bundler {
namespace {
constexpr auto kBetweenDrawings = std::chrono::milliseconds(100);
constexpr auto kBetweenObjects = std::chrono::milliseconds(250);  // of one blob

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}
}  // namespace

ProgressDisplay::Form ProgressDisplay::form_of(const Environment& environment,
                                               const Invocation& invocation) {
  if (invocation.quiet) return Form::Nothing;
  switch (invocation.progress) {
    case ProgressStyle::Auto:
      return environment.terminal ? Form::Bars : Form::Lines;
    case ProgressStyle::Bars:
      return Form::Bars;
    case ProgressStyle::Lines:
      return Form::Lines;
    case ProgressStyle::Json:
      return Form::Json;
  }
  return Form::Nothing;
}

ProgressDisplay::ProgressDisplay(const Environment& environment, const Invocation& invocation)
    : form_(form_of(environment, invocation)), columns_(environment.columns) {}

ProgressDisplay::~ProgressDisplay() {
  std::lock_guard hold(mutex_);
  if (form_ == Form::Bars) redraw(true, "");
}

std::size_t ProgressDisplay::begin(std::string_view what, const image::Descriptor& descriptor) {
  std::lock_guard hold(mutex_);
  auto now = Clock::now();
  rows_.push_back({.transfer = {.what = std::string(what),
                                .digest = descriptor.digest,
                                .size = descriptor.size},
                   .began = now,
                   .told = now});
  if (form_ == Form::Bars) redraw(false, "");
  if (form_ == Form::Json) print(base::dump(image::progress_json(rows_.back().transfer)) + "\n");
  return rows_.size() - 1;
}

void ProgressDisplay::advance(std::size_t blob, std::uint64_t bytes) {
  std::lock_guard hold(mutex_);
  auto& row = rows_[blob];
  row.transfer.have += bytes;
  if (form_ == Form::Bars) redraw(false, "");
  auto now = Clock::now();
  if (form_ != Form::Json || now - row.told < kBetweenObjects) return;
  row.told = now;
  print(base::dump(image::progress_json(row.transfer)) + "\n");
}

void ProgressDisplay::end(std::size_t blob, End how) {
  std::lock_guard hold(mutex_);
  auto& row = rows_[blob];
  auto& transfer = row.transfer;
  transfer.ended = true;
  transfer.how = how;
  transfer.seconds = std::chrono::duration<double>(Clock::now() - row.began).count();
  // What failed, or was stopped because another failed, is the error's to tell.
  bool failed = how == End::Failed;
  if (form_ == Form::Bars) redraw(true, failed ? "" : image::show_bar(transfer, columns_));
  if (form_ == Form::Lines && !failed) print(image::show_line(transfer) + "\n");
  if (form_ == Form::Json) print(base::dump(image::progress_json(transfer)) + "\n");
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
  for (auto& row : rows_) {
    auto& transfer = row.transfer;
    if (transfer.ended) continue;
    transfer.seconds = std::chrono::duration<double>(time - row.began).count();
    out += image::show_bar(transfer, columns_) + "\n";
    ++drawn_;
  }
  print(out);
}

}  // namespace bundler
