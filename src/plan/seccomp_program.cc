#include "plan/seccomp_program.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cstddef>

namespace plan {

using base::kernel::SockFilter;
using spec::SeccompOperator;
using Code = std::vector<SockFilter>;

namespace {

constexpr std::uint32_t kX32Bit = 1U << 30;
constexpr std::uint32_t kSkipped = 0xffffffff;  // the number -1: a tracer's "do nothing"

// All code is relative to itself, so pieces are put together by appending.
SockFilter load(std::size_t offset) {
  return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)};
}
SockFilter result(std::uint32_t action) { return {BPF_RET | BPF_K, 0, 0, action}; }
SockFilter jump(unsigned op, std::uint32_t k, std::size_t jt, std::size_t jf) {
  return {static_cast<std::uint16_t>(BPF_JMP | BPF_K | op), static_cast<std::uint8_t>(jt),
          static_cast<std::uint8_t>(jf), k};
}
void append(Code& out, const Code& more) { out.insert(out.end(), more.begin(), more.end()); }

// `yes` if the comparison of the accumulator holds, else `no`. A conditional jump reaches 255
// instructions, an unconditional one all.
Code choose(unsigned op, std::uint32_t k, const Code& yes, const Code& no) {
  Code out;
  if (no.size() <= 255) {
    out.push_back(jump(op, k, no.size(), 0));
  } else {
    out.push_back(jump(op, k, 0, 1));
    out.push_back({BPF_JMP | BPF_JA, 0, 0, static_cast<std::uint32_t>(no.size())});
  }
  append(out, no);
  append(out, yes);
  return out;
}

// Goes on behind its end if the condition holds, else jumps `beyond` instructions further.
Code condition(const spec::SeccompArgument& one, bool wide, std::size_t beyond) {
  auto at = offsetof(seccomp_data, args) + one.index * sizeof(std::uint64_t);
  auto low = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
  auto high = [](std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); };
  auto value = one.value;
  Code out;
  if (one.op == SeccompOperator::MaskedEqual) {
    auto mask = one.value;
    auto bits = one.value_two & mask;
    if (wide && high(mask) != 0)
      out = {load(at + 4),
             {BPF_ALU | BPF_AND | BPF_K, 0, 0, high(mask)},
             jump(BPF_JEQ, high(bits), 0, beyond + 3)};
    out.push_back(load(at));
    out.push_back({BPF_ALU | BPF_AND | BPF_K, 0, 0, low(mask)});
    out.push_back(jump(BPF_JEQ, low(bits), 0, beyond));
    return out;
  }
  // The lower half decides where the upper halves are equal: op on it, and which answer holds.
  bool less = one.op == SeccompOperator::LessThan || one.op == SeccompOperator::LessOrEqual;
  bool more = one.op == SeccompOperator::GreaterThan || one.op == SeccompOperator::GreaterOrEqual;
  bool negated = less || one.op == SeccompOperator::NotEqual;
  unsigned op = BPF_JEQ;
  if (one.op == SeccompOperator::GreaterThan || one.op == SeccompOperator::LessOrEqual)
    op = BPF_JGT;
  else if (one.op == SeccompOperator::GreaterOrEqual || one.op == SeccompOperator::LessThan)
    op = BPF_JGE;
  if (wide) {
    out.push_back(load(at + 4));
    // Four instructions are left when the upper halves are compared for more, else three: the
    // targets are behind them (the condition holds) or `beyond`.
    if (less || more) out.push_back(jump(BPF_JGT, high(value), more ? 3 : beyond + 3, 0));
    out.push_back(jump(BPF_JEQ, high(value), 0, negated ? 2 : beyond + 2));
  }
  out.push_back(load(at));
  out.push_back(negated ? jump(op, low(value), beyond, 0) : jump(op, low(value), 0, beyond));
  return out;
}

// What happens to one call, or to each of a range of calls.
struct Treatment {
  std::uint32_t first = 0;  // the number at which it begins; it ends before the next one
  Code code{};
};

Code rule_code(const NumberedRule& rule, bool wide) {
  // From behind, since a condition that fails jumps over all that follows it.
  Code out{result(rule.action)};
  for (auto one = rule.conditions.rbegin(); one != rule.conditions.rend(); ++one) {
    auto code = condition(*one, wide, out.size());
    append(code, out);
    out = std::move(code);
  }
  return out;
}

class Ranges {
 public:
  explicit Ranges(std::uint32_t action) {
    list_.reserve(512);
    add(0, {result(action)});
  }
  // From this number on; numbers come in ascending order.
  void add(std::uint32_t first, Code code) {
    if (!list_.empty() && list_.back().first == first) list_.pop_back();
    if (!list_.empty() && list_.back().code == code) return;
    list_.push_back({first, std::move(code)});
  }
  Code search() const { return search(0, list_.size()); }

 private:
  Code search(std::size_t begin, std::size_t end) const {
    if (end - begin == 1) return list_[begin].code;
    auto middle = begin + (end - begin) / 2;
    return choose(BPF_JGE, list_[middle].first, search(middle, end), search(begin, middle));
  }
  std::vector<Treatment> list_{};
};

// False when two rules for one number differ in action.
bool add_family(Ranges& ranges, const ArchitectureRules& family, std::uint32_t default_action) {
  std::vector<const NumberedRule*> sorted;
  sorted.reserve(family.rules.size());
  for (const auto& rule : family.rules) sorted.push_back(&rule);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto* one, const auto* other) { return one->number < other->number; });
  for (auto begin = sorted.begin(), end = begin; begin != sorted.end(); begin = end) {
    auto number = (*begin)->number;
    bool always = false;
    for (; end != sorted.end() && (*end)->number == number; ++end) {
      if ((*end)->action != (*begin)->action) return false;
      always |= (*end)->conditions.empty();
    }
    Code code;
    // A rule without conditions says all that there is to say.
    if (always)
      code = {result((*begin)->action)};
    else
      for (auto rule = begin; rule != end; ++rule) append(code, rule_code(**rule, family.wide));
    if (!always) code.push_back(result(default_action));
    ranges.add(number, std::move(code));
    ranges.add(number + 1, {result(default_action)});
  }
  return true;
}

}  // namespace

std::optional<Code> seccomp_program(const ProgramRules& rules) {
  Code out{result(rules.other_architecture)};
  std::vector<std::uint32_t> done;
  for (const auto& family : rules.architectures) {
    auto arch = family.audit_arch;
    if (std::find(done.begin(), done.end(), arch) != done.end()) continue;
    done.push_back(arch);
    Ranges ranges(rules.default_action);
    bool has_x32 = false;
    for (bool x32 : {false, true}) {
      for (const auto& one : rules.architectures) {
        if (one.audit_arch != arch || one.x32 != x32) continue;
        has_x32 |= x32;
        if (!add_family(ranges, one, rules.default_action)) return std::nullopt;
      }
    }
    if (arch == AUDIT_ARCH_X86_64 && !has_x32) {
      ranges.add(kX32Bit, {result(rules.other_architecture)});
      ranges.add(kSkipped, {result(rules.default_action)});
    }
    Code mine{load(offsetof(seccomp_data, nr))};
    append(mine, ranges.search());
    out = choose(BPF_JEQ, arch, mine, out);
  }
  out.insert(out.begin(), load(offsetof(seccomp_data, arch)));
  return out;
}

}  // namespace plan
