// Shows a pull's progress on standard error: bars on a terminal, a line per blob elsewhere, JSON
// where that is asked for, or nothing.
#pragma once
#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "bundler/cli.h"
#include "bundler/environment.h"
#include "image/progress.h"

namespace bundler {

class ProgressDisplay : public image::Progress {
 public:
  ProgressDisplay(const Environment& environment, const Invocation& invocation);
  // Leaves no bar half drawn.
  ~ProgressDisplay() override;
  std::size_t begin(std::string_view what, const image::Descriptor& descriptor) override;
  void advance(std::size_t blob, std::uint64_t bytes) override;
  void end(std::size_t blob, End how) override;

 private:
  using Clock = std::chrono::steady_clock;
  struct Row {
    image::Transfer transfer{};
    Clock::time_point began{};
    Clock::time_point told{};
  };
  void redraw(bool now, std::string_view above);

  enum class Form { Nothing, Bars, Lines, Json };
  static Form form_of(const Environment& environment, const Invocation& invocation);
  Form form_;
  std::size_t columns_;
  std::mutex mutex_{};
  std::vector<Row> rows_{};
  std::size_t drawn_ = 0;  // lines of bars on the screen
  Clock::time_point last_{};
};

}  // namespace bundler
