#include "plan/devices.h"

#include <linux/bpf.h>

#include <algorithm>
#include <limits>

#include "base/text.h"

namespace plan {
namespace {

Result<unsigned> access_bits(const std::string& access, const std::string& where) {
  // compat: an absent or empty access is every access, as in runc and crun.
  if (access.empty()) return kDeviceAll;
  unsigned bits = 0;
  for (char c : access) {
    if (c == 'r')
      bits |= kDeviceRead;
    else if (c == 'w')
      bits |= kDeviceWrite;
    else if (c == 'm')
      bits |= kDeviceMknod;
    else
      return base::config_error(where, ".access: must be made of r, w and m, got ",
                                base::quote(access));
  }
  return bits;
}

Result<std::int64_t> number(const std::optional<std::int64_t>& n, const std::string& where) {
  if (!n || *n == -1) return std::int64_t{-1};
  if (*n < 0 || *n > std::numeric_limits<std::uint32_t>::max())
    return base::config_error(where, ": must be a device number or -1, got ", *n);
  return *n;
}

// spec: config-linux.md#default-devices; runc and crun allow the same.
void add_built_in(std::vector<DeviceRow>& rows) {
  struct Node {
    std::int64_t major;
    std::int64_t minor;
  };
  // null zero full random urandom, tty console ptmx, pts, tun
  static constexpr Node kNodes[] = {{1, 3}, {1, 5}, {1, 7}, {1, 8},    {1, 9},
                                    {5, 0}, {5, 1}, {5, 2}, {136, -1}, {10, 200}};
  rows.push_back({.allow = true, .type = 'c', .access = kDeviceMknod, .built_in = true});
  rows.push_back({.allow = true, .type = 'b', .access = kDeviceMknod, .built_in = true});
  for (auto node : kNodes)
    rows.push_back({.allow = true, .major = node.major, .minor = node.minor, .built_in = true});
}

bool covers(std::int64_t wide, std::int64_t narrow) { return wide == -1 || wide == narrow; }
bool covers(const DeviceRow& wide, const DeviceRow& narrow) {
  return wide.type == narrow.type && covers(wide.major, narrow.major) &&
         covers(wide.minor, narrow.minor);
}
bool meet(std::int64_t a, std::int64_t b) { return a == -1 || b == -1 || a == b; }
bool meet(const DeviceRow& a, const DeviceRow& b) {
  return a.type == b.type && meet(a.major, b.major) && meet(a.minor, b.minor);
}

std::string number_text(std::int64_t n) { return n < 0 ? "*" : base::cat(n); }

std::string row_text(const DeviceRow& row, unsigned access) {
  auto out = base::cat(row.type, ' ', number_text(row.major), ':', number_text(row.minor), ' ');
  if (access & kDeviceRead) out += 'r';
  if (access & kDeviceWrite) out += 'w';
  if (access & kDeviceMknod) out += 'm';
  return out;
}

}  // namespace

Result<DeviceRules> device_rules(const std::vector<spec::DeviceRule>& configured) {
  DeviceRules out;
  for (std::size_t i = 0; i < configured.size(); ++i) {
    const auto& rule = configured[i];
    auto where = base::cat("linux.resources.devices[", i, "]");
    DeviceRow row;
    row.allow = rule.allow;
    row.access = TRY(access_bits(rule.access, where));
    row.major = TRY(number(rule.major, where + ".major"));
    row.minor = TRY(number(rule.minor, where + ".minor"));
    bool both = rule.type.empty() || rule.type == "a";
    if (!both && rule.type != "b" && rule.type != "c")
      return base::config_error(where, ".type: must be a, b or c, got ", base::quote(rule.type));
    if (both && row.major < 0 && row.minor < 0 && row.access == kDeviceAll) {
      // About every use of every device: nothing that was said before matters.
      out.allow_by_default = row.allow;
      out.rows.clear();
      continue;
    }
    for (char type : {'c', 'b'}) {
      if (!both && rule.type[0] != type) continue;
      row.type = type;
      out.rows.push_back(row);
    }
  }
  // With everything allowed and no exception there is nothing to add.
  if (!out.allow_by_default || !out.rows.empty()) add_built_in(out.rows);
  return out;
}

Result<std::vector<DeviceLine>> device_lines(const DeviceRules& rules) {
  std::vector<DeviceLine> out;
  out.push_back({.allow = rules.allow_by_default, .text = "a"});
  // The kernel's list of exceptions from the default.
  std::vector<DeviceRow> exceptions;
  for (const auto& row : rules.rows) {
    if (row.allow != rules.allow_by_default) {
      out.push_back({row.allow, row_text(row, row.access), row.built_in});
      exceptions.push_back(row);
      continue;
    }
    // Back to the default: the kernel takes away only from an exception with equal numbers.
    for (auto& exception : exceptions) {
      auto common = exception.access & row.access;
      if (common == 0 || !meet(row, exception)) continue;
      if (!covers(row, exception)) {
        // Our own allowances never fail a start; the device stays as configured.
        if (row.built_in) continue;
        return base::unsupported("linux.resources.devices: cgroup v1 cannot except ",
                                 base::quote(row_text(row, row.access)), " from ",
                                 base::quote(row_text(exception, exception.access)));
      }
      out.push_back({row.allow, row_text(exception, common), row.built_in});
      exception.access &= ~common;
    }
  }
  return out;
}

namespace {

// man: bpf(2); the registers of the program.
constexpr std::uint8_t kAnswer = 0, kContext = 1, kScratch = 2, kAccess = 3;

// Members of struct bpf_cgroup_dev_ctx: access << 16 | type, major, minor.
constexpr std::int16_t kTypeField = 0, kMajorField = 4, kMinorField = 8;

class Assembler {
 public:
  void load(std::uint8_t to, std::int16_t field) {
    add(BPF_LDX | BPF_MEM | BPF_W, static_cast<std::uint8_t>(kContext << 4 | to), field, 0);
  }
  void copy(std::uint8_t to, std::uint8_t from) {
    add(BPF_ALU64 | BPF_MOV | BPF_X, static_cast<std::uint8_t>(from << 4 | to), 0, 0);
  }
  void keep_bits(std::uint8_t reg, std::int64_t mask) {
    add(BPF_ALU | BPF_AND | BPF_K, reg, 0, mask);
  }
  void shift_right(std::uint8_t reg, std::int64_t bits) {
    add(BPF_ALU | BPF_RSH | BPF_K, reg, 0, bits);
  }
  // Past the next `skip` instructions if the comparison, BPF_JEQ or BPF_JNE, holds; on 32 bits,
  // since numbers beyond 2^31 must not be sign-extended.
  void skip_if(std::uint8_t comparison, std::uint8_t reg, std::int64_t n, std::size_t skip) {
    add(BPF_JMP32 | comparison | BPF_K, reg, static_cast<std::int16_t>(skip), n);
  }
  void answer(bool allow) {
    add(BPF_ALU64 | BPF_MOV | BPF_K, kAnswer, 0, allow ? 1 : 0);
    add(BPF_JMP | BPF_EXIT, 0, 0, 0);
  }
  void append(Assembler other) { out_.insert(out_.end(), other.out_.begin(), other.out_.end()); }
  std::size_t size() const { return out_.size(); }
  std::vector<BpfInstruction> take() { return std::move(out_); }

 private:
  void add(int code, std::uint8_t registers, std::int16_t offset, std::int64_t n) {
    out_.push_back({static_cast<std::uint8_t>(code), registers, offset,
                    static_cast<std::int32_t>(static_cast<std::uint32_t>(n))});
  }
  std::vector<BpfInstruction> out_{};
};

// Whatever of the wanted access the row decides is decided; the rest is left to earlier rows.
Assembler decide(const DeviceRow& row) {
  Assembler out;
  if (row.allow) {
    out.keep_bits(kAccess, kDeviceAll & ~row.access);
    out.skip_if(BPF_JNE, kAccess, 0, 2);
  } else {
    out.copy(kScratch, kAccess);
    out.keep_bits(kScratch, row.access);
    out.skip_if(BPF_JEQ, kScratch, 0, 2);
  }
  out.answer(row.allow);
  return out;
}

// `rest` if the field has this number. Each field is loaded anew: were it kept in a register, the
// verifier would follow each row's device through all rows after it, and give up on some hundreds.
Assembler if_field(std::int16_t field, std::int64_t number, Assembler rest) {
  Assembler out;
  out.load(kScratch, field);
  if (field == kTypeField) out.keep_bits(kScratch, 0xffff);
  out.skip_if(BPF_JNE, kScratch, number, rest.size());
  out.append(std::move(rest));
  return out;
}

}  // namespace

std::vector<BpfInstruction> device_program(const DeviceRules& rules) {
  if (rules.allow_by_default && rules.rows.empty()) return {};
  Assembler out;
  out.load(kAccess, kTypeField);
  out.shift_right(kAccess, 16);
  // The last row that names the access decides: begin with that.
  for (auto row = rules.rows.rbegin(); row != rules.rows.rend(); ++row) {
    auto block = decide(*row);
    if (row->minor >= 0) block = if_field(kMinorField, row->minor, std::move(block));
    if (row->major >= 0) block = if_field(kMajorField, row->major, std::move(block));
    auto type = row->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
    out.append(if_field(kTypeField, type, std::move(block)));
  }
  out.answer(rules.allow_by_default);
  return out.take();
}

}  // namespace plan
