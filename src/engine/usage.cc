#include "engine/usage.h"

#include <array>
#include <cmath>

#include "base/text.h"

namespace engine {
namespace {

using base::Json;
using base::Result;

const Json& inside(const Json& json, std::string_view name) {
  static const Json kNothing;
  auto found = json.find(name);
  return found ? *found : kNothing;
}

std::uint64_t number(const Json& json) {
  if (auto n = json.unsigned_number()) return *n;
  if (auto n = json.negative_or_signed(); n && *n > 0) return static_cast<std::uint64_t>(*n);
  return 0;
}

// Four digits that count, as in "1.234", "12.34", "123.4", "1234".
std::string show_scaled(std::uint64_t bytes, double base, const std::array<const char*, 6>& units) {
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= base && unit + 1 < units.size(); ++unit) value /= base;
  auto hundredths = static_cast<std::uint64_t>(std::llround(value * 100));
  auto text = base::cat(hundredths / 100);
  auto rest = hundredths % 100;
  if (unit > 0 && rest > 0 && text.size() < 4) {
    text += base::cat(".", rest / 10);
    if (rest % 10 > 0 && text.size() < 5) text += base::cat(rest % 10);
  }
  return text + units.at(unit);
}

}  // namespace

Result<Usage> read_usage(std::string_view line) {
  auto json = TRY(base::parse_json(line), "runtime events");
  const auto& data = inside(json, "data");
  if (!data.members()) return base::system_error("runtime events: has no data");
  Usage out;
  out.cpu = number(inside(inside(inside(data, "cpu"), "usage"), "total"));
  const auto& memory = inside(data, "memory");
  const auto& use = inside(memory, "usage");
  out.memory = number(inside(use, "usage"));
  const auto& raw = inside(memory, "raw");
  // compat: docker stats: pages of files that nobody uses at present do not count
  auto droppable = number(inside(raw, "total_inactive_file"));
  if (droppable == 0) droppable = number(inside(raw, "inactive_file"));
  if (droppable < out.memory) out.memory -= droppable;
  constexpr std::uint64_t kNoLimit = 1ULL << 62;
  auto limit = number(inside(use, "limit"));
  if (limit < kNoLimit) out.memory_limit = limit;
  out.pids = number(inside(inside(data, "pids"), "current"));
  const auto& entries = inside(inside(data, "blkio"), "ioServiceBytesRecursive");
  if (entries.array_items())
    for (const auto& entry : *entries.array_items()) {
      auto op = inside(entry, "op").string();
      if (op && (*op == "Read" || *op == "read")) out.read += number(inside(entry, "value"));
      if (op && (*op == "Write" || *op == "write")) out.written += number(inside(entry, "value"));
    }
  return out;
}

void add_network(std::string_view net_dev, Usage& usage) {
  constexpr std::size_t kSent = 8;  // the ninth number behind the name; the first: received
  for (auto line : base::split(net_dev, '\n')) {
    auto colon = line.find(':');
    if (colon == std::string_view::npos || base::trim(line.substr(0, colon)) == "lo") continue;
    auto numbers = base::words(line.substr(colon + 1));
    if (numbers.size() <= kSent) continue;
    usage.received += base::parse<std::uint64_t>(numbers[0]).value_or(0);
    usage.sent += base::parse<std::uint64_t>(numbers[kSent]).value_or(0);
  }
}

double cpu_percent(const Usage& before, const Usage& now) {
  if (now.when <= before.when || now.cpu < before.cpu) return 0;
  return static_cast<double>(now.cpu - before.cpu) * 100 /
         static_cast<double>(now.when - before.when);
}

std::string show_percent(double percent) {
  auto hundredths = static_cast<std::uint64_t>(std::llround(std::max(percent, 0.0) * 100));
  return base::cat(hundredths / 100, ".", hundredths % 100 / 10, hundredths % 10);
}

std::string show_binary(std::uint64_t bytes) {
  return show_scaled(bytes, 1024, {"B", "KiB", "MiB", "GiB", "TiB", "PiB"});
}

std::string show_decimal(std::uint64_t bytes) {
  return show_scaled(bytes, 1000, {"B", "kB", "MB", "GB", "TB", "PB"});
}

}  // namespace engine
