// Limits as properties of a unit: read off the very writes that set them, so that both say the
// same. man: systemd.resource-control(5), org.freedesktop.systemd1(5)
#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>

#include "base/text.h"
#include "plan/cgroup.h"
#include "plan/unit.h"

namespace plan {
namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

struct Scalar {
  std::string_view file;
  const char* property;
  unsigned since;  // the first version of systemd that knows it
};
constexpr Scalar kScalars[] = {
    {"memory.max", "MemoryMax", 231},
    {"memory.high", "MemoryHigh", 231},
    {"memory.low", "MemoryLow", 231},
    {"memory.min", "MemoryMin", 240},
    {"memory.swap.max", "MemorySwapMax", 232},
    {"memory.zswap.max", "MemoryZSwapMax", 253},
    {"pids.max", "TasksMax", 227},
    {"cpu.weight", "CPUWeight", 232},
    // cgroup v1
    {"memory.limit_in_bytes", "MemoryLimit", 0},
    {"cpu.shares", "CPUShares", 0},
    {"blkio.weight", "BlockIOWeight", 0},
};

struct DeviceLimit {
  std::string_view file;
  std::string_view key;  // of a line "8:0 rbps=1000"; empty: the line is "8:0 1000"
  const char* property;
};
constexpr DeviceLimit kDeviceLimits[] = {
    {"io.max", "rbps", "IOReadBandwidthMax"},
    {"io.max", "wbps", "IOWriteBandwidthMax"},
    {"io.max", "riops", "IOReadIOPSMax"},
    {"io.max", "wiops", "IOWriteIOPSMax"},
    {"io.weight", "", "IODeviceWeight"},
    // cgroup v1
    {"blkio.throttle.read_bps_device", "", "BlockIOReadBandwidth"},
    {"blkio.throttle.write_bps_device", "", "BlockIOWriteBandwidth"},
    {"blkio.weight_device", "", "BlockIODeviceWeight"},
};

// "max", and on v1 "-1", are no limit.
std::optional<std::uint64_t> amount(std::string_view text) {
  if (text == "max" || text == "-1") return kNoLimit;
  return base::parse<std::uint64_t>(text);
}

// Bit n of byte n / 8 for each number of "0-3,8"; nothing if it is no such list.
std::optional<std::vector<BusValue>> bitmap(std::string_view list) {
  constexpr unsigned kMost = 1 << 16;
  std::vector<std::uint64_t> bytes;
  for (auto range : base::split(base::trim(list), ',')) {
    auto dash = range.find('-');
    auto first = base::parse<unsigned>(range.substr(0, dash));
    auto last = dash == range.npos ? first : base::parse<unsigned>(range.substr(dash + 1));
    if (!first || !last || *last < *first || *last >= kMost) return std::nullopt;
    if (bytes.size() <= *last / 8) bytes.resize(*last / 8 + 1);
    for (unsigned n = *first; n <= *last; ++n) bytes[n / 8] |= 1U << n % 8;
  }
  std::vector<BusValue> out;
  out.reserve(bytes.size());
  for (auto byte : bytes) out.push_back({"y", byte});
  return out;
}

class UnitLimits {
 public:
  explicit UnitLimits(unsigned version) : version_(version) {}
  Status add(std::string_view controller, std::string_view file, std::string_view text);
  Result<std::vector<UnitProperty>> take() &&;

 private:
  void set(const char* name, BusValue value) { out_.push_back({name, std::move(value)}); }
  void weight_or_idle(std::string_view text);
  void cpu_max(std::string_view text);
  void allowed(const char* property, std::string_view text);
  void device_limit(std::string_view file, std::string_view text);
  Status device_rule(bool allow, std::string_view text);
  void bandwidth();

  unsigned version_;
  std::vector<UnitProperty> out_{};
  std::optional<std::int64_t> quota_{};  // -1: none
  std::uint64_t period_ = 0;             // 0: not said
  std::map<std::string, std::vector<BusValue>> by_device_{};
  std::vector<BusValue> devices_{};
  bool device_rules_ = false;
};

void UnitLimits::cpu_max(std::string_view text) {
  auto words = base::words(text);
  if (words.empty()) return;
  quota_ = words[0] == "max" ? std::int64_t{-1} : base::parse<std::int64_t>(words[0]);
  if (words.size() > 1) period_ = base::parse<std::uint64_t>(words[1]).value_or(0);
}

void UnitLimits::bandwidth() {
  constexpr std::uint64_t kUsualPeriod = 100'000, kSecond = 1'000'000;
  // compat: runc: systemd keeps whole percents, and what it rounded down would be too little.
  constexpr std::uint64_t kStep = 10'000;
  if (period_ != 0 && version_ >= 242) set("CPUQuotaPeriodUSec", BusValue::number(period_));
  if (!quota_) return;
  if (*quota_ <= 0) {
    set("CPUQuotaPerSecUSec", BusValue::number(kNoLimit));
    return;
  }
  auto period = period_ == 0 ? kUsualPeriod : period_;
  auto quota = static_cast<std::uint64_t>(*quota_);
  auto per_second = quota > kNoLimit / kSecond ? kNoLimit : quota * kSecond / period;
  if (per_second % kStep != 0 && per_second < kNoLimit - kStep)
    per_second += kStep - per_second % kStep;
  set("CPUQuotaPerSecUSec", BusValue::number(per_second));
}

// man: systemd.resource-control(5): CPUWeight=idle is 0, since 252.
void UnitLimits::weight_or_idle(std::string_view text) {
  if (text == "1" && version_ >= 252) set("CPUWeight", BusValue::number(0));
  // Idle no more: the usual weight, unless one follows.
  if (text == "0") set("CPUWeight", BusValue::number(kNoLimit));
}

void UnitLimits::allowed(const char* property, std::string_view text) {
  auto bits = bitmap(text);
  if (bits && version_ >= 244) set(property, BusValue::array("y", *std::move(bits)));
}

void UnitLimits::device_limit(std::string_view file, std::string_view text) {
  auto words = base::words(text);
  if (words.size() < 2 || words[0].find(':') == std::string_view::npos) return;
  for (std::size_t i = 1; i < words.size(); ++i) {
    auto equals = words[i].find('=');
    auto key = equals == std::string_view::npos ? std::string_view() : words[i].substr(0, equals);
    auto value = amount(equals == std::string_view::npos ? words[i] : words[i].substr(equals + 1));
    for (const auto& row : kDeviceLimits)
      if (row.file == file && row.key == key && value)
        by_device_[row.property].push_back(BusValue::tuple(
            {BusValue::text(base::cat("/dev/block/", words[0])), BusValue::number(*value)}));
  }
}

// The lines of devices.allow and devices.deny. On v1 systemd writes those files anew, and allows
// all if it was told nothing. man: systemd.resource-control(5), DeviceAllow=
Status UnitLimits::device_rule(bool allow, std::string_view text) {
  device_rules_ = true;
  if (text == "a") {
    devices_.clear();
    set("DevicePolicy", BusValue::text(allow ? "auto" : "strict"));
    return {};
  }
  auto cannot = [&](std::string_view why) {
    return base::unsupported("linux.resources.devices: ", why,
                             " cannot be told to systemd on cgroup v1, got ", base::quote(text));
  };
  auto words = base::words(text);
  if (!allow || words.size() != 3) return cannot("an exception from what is allowed");
  auto colon = words[1].find(':');
  auto major = words[1].substr(0, colon), minor = words[1].substr(colon + 1);
  auto kind = words[0] == "b" ? "block" : "char";
  std::string node;
  if (minor != "*" && major == "*") return cannot("a minor number of every major one");
  if (minor == "*")
    node = base::cat(kind, '-', major);
  else
    node = base::cat("/dev/", kind, '/', words[1]);
  devices_.push_back(
      BusValue::tuple({BusValue::text(node), BusValue::text(std::string(words[2]))}));
  return {};
}

Status UnitLimits::add(std::string_view controller, std::string_view file, std::string_view text) {
  if (controller == "devices") return device_rule(file == "devices.allow", text);
  if (file == "cpu.max") cpu_max(text);
  if (file == "cpu.cfs_quota_us") quota_ = base::parse<std::int64_t>(text);
  if (file == "cpu.cfs_period_us") period_ = base::parse<std::uint64_t>(text).value_or(0);
  if (file == "cpu.idle") weight_or_idle(text);
  if (file == "cpuset.cpus") allowed("AllowedCPUs", text);
  if (file == "cpuset.mems") allowed("AllowedMemoryNodes", text);
  if (file == "memory.oom.group" && version_ >= 253)
    set("OOMPolicy", BusValue::text(text == "1" ? "kill" : "continue"));
  if (file == "io.weight" && text.find(':') == text.npos) {
    auto words = base::words(text);  // "default 100" or "100"
    if (auto weight = words.empty() ? std::nullopt : amount(words.back()))
      set("IOWeight", BusValue::number(*weight));
    return {};
  }
  for (const auto& row : kScalars)
    if (auto value = amount(text); row.file == file && value && version_ >= row.since)
      set(row.property, BusValue::number(*value));
  device_limit(file, text);
  return {};
}

Result<std::vector<UnitProperty>> UnitLimits::take() && {
  bandwidth();
  for (auto& [property, rows] : by_device_) {
    auto one = rows.front().signature;
    set(property.c_str(), BusValue::array(one, std::move(rows)));
  }
  if (device_rules_) {
    // An empty list takes away what was there.
    set("DeviceAllow", BusValue::array("(ss)", {}));
    if (!devices_.empty()) set("DeviceAllow", BusValue::array("(ss)", std::move(devices_)));
  }
  return std::move(out_);
}

}  // namespace

Result<std::vector<UnitProperty>> unit_limits(std::span<const CgroupWrite> writes,
                                              unsigned version) {
  UnitLimits out(version);
  for (const auto& write : writes) {
    // systemd knows the kernel's own scale of weights, not that of the BFQ scheduler.
    bool other = !write.otherwise_file.empty() && write.file.starts_with("io.bfq.");
    TRY(out.add(write.controller, other ? write.otherwise_file : write.file,
                other ? write.otherwise_text : write.text));
  }
  return std::move(out).take();
}

}  // namespace plan
