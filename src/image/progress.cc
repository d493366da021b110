#include "image/progress.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace image {
namespace {

constexpr std::size_t kWidestBar = 30;

// One digit after the point below ten, none above.
std::string show_number(std::uint64_t tenths) {
  auto whole = tenths / 10;
  return whole >= 100 ? base::cat(whole) : base::cat(whole, ".", tenths % 10);
}

// "4 s", "1 min 5 s", "2 h 3 min": rounded up.
std::string show_time(double seconds) {
  auto whole = static_cast<std::uint64_t>(seconds) + 1;
  if (whole < 60) return base::cat(whole, " s");
  if (whole < 3600) return base::cat(whole / 60, " min ", whole % 60, " s");
  return base::cat(whole / 3600, " h ", whole / 60 % 60, " min");
}

// "  12.3 MB/s, 4 s left"
std::string rate(const Transfer& transfer) {
  if (transfer.seconds <= 0 || transfer.have == 0) return "";
  auto per_second = static_cast<double>(transfer.have) / transfer.seconds;
  constexpr double kFastest = 1e15;  // sizes are foreign, and may be huge
  auto shown = static_cast<std::uint64_t>(std::min(per_second, kFastest));
  auto out = base::cat("  ", show_size(shown), "/s");
  if (transfer.ended || transfer.have >= transfer.size) return out;
  constexpr double kTooLong = 360'000;  // nobody plans for longer than a hundred hours
  auto left = static_cast<double>(transfer.size - transfer.have) / per_second;
  return left > kTooLong ? out : base::cat(out, ", ", show_time(left), " left");
}

std::string bar(const Transfer& transfer, std::size_t width) {
  // A size is foreign: it may be zero, and huge.
  double part = transfer.size == 0
                    ? 1.0
                    : static_cast<double>(transfer.have) / static_cast<double>(transfer.size);
  auto filled = static_cast<std::size_t>(std::min(part, 1.0) * static_cast<double>(width));
  std::string out(filled, '=');
  if (filled < width) {
    out += '>';
    out.append(width - filled - 1, ' ');
  }
  return base::cat("[", out, "]");
}

}  // namespace

std::string show_size(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 6> kUnits{"kB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 1000) return base::cat(bytes, " B");
  std::uint64_t unit = 1000;
  std::size_t at = 0;
  while (at + 1 < kUnits.size() && bytes / unit >= 1000) {
    unit *= 1000;
    ++at;
  }
  return base::cat(show_number(bytes / (unit / 10)), " ", kUnits[at]);
}

std::string show_bar(const Transfer& transfer, std::size_t columns) {
  auto name = base::cat(transfer.what, " ", transfer.digest.brief());
  if (transfer.ended && transfer.how == Progress::End::Present)
    return base::cat(name, " already there").substr(0, columns);
  if (transfer.ended && transfer.how == Progress::End::Failed)
    return base::cat(name, " failed").substr(0, columns);
  auto figures =
      base::cat(" ", show_size(transfer.have), " / ", show_size(transfer.size), rate(transfer));
  auto used = name.size() + 1 + 2 + figures.size();
  // Narrow terminals get no bar.
  if (used + 5 > columns) return base::cat(name, figures).substr(0, columns);
  return base::cat(name, " ", bar(transfer, std::min(kWidestBar, columns - used)), figures);
}

base::Json progress_json(const Transfer& transfer) {
  auto out = base::Json::object();
  std::string_view event = "progress";
  if (transfer.ended)
    event = transfer.how == Progress::End::Done      ? "done"
            : transfer.how == Progress::End::Present ? "present"
                                                     : "failed";
  out.set("event", event);
  out.set("what", transfer.what);
  out.set("digest", transfer.digest.text());
  out.set("have", transfer.have);
  out.set("size", transfer.size);
  return out;
}

std::string show_line(const Transfer& transfer) {
  auto name = base::cat(transfer.what, " ", transfer.digest.brief(), ": ");
  if (transfer.how == Progress::End::Present) return name + "already there";
  if (transfer.how == Progress::End::Failed) return name + "failed";
  auto tenths = static_cast<std::uint64_t>(std::max(0.0, transfer.seconds) * 10);
  return base::cat(name, show_size(transfer.size), " in ", show_number(tenths), " s");
}

}  // namespace image
