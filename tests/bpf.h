// A classic BPF interpreter: filters are tested by running them on made-up system calls.
#pragma once
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "base/kernel.h"

namespace tests {

// man: bpf(4), seccomp(2): the instructions that the kernel allows in seccomp programs.
class Bpf {
 public:
  // What the program returns for this call; nothing when it is no lawful program.
  static std::optional<std::uint32_t> run(std::span<const base::kernel::SockFilter> program,
                                          const seccomp_data& data) {
    return Bpf(data).run(program);
  }

 private:
  explicit Bpf(const seccomp_data& data) : data_(data) {}

  std::optional<std::uint32_t> run(std::span<const base::kernel::SockFilter> program) {
    for (std::size_t at = 0; at < program.size(); ++at) {
      const auto& one = program[at];
      switch (BPF_CLASS(one.code)) {
        case BPF_RET:
          return BPF_RVAL(one.code) == BPF_A ? a_ : one.k;
        case BPF_JMP:
          if (auto skip = distance(one))
            at += *skip;
          else
            return std::nullopt;
          break;
        default:
          if (!step(one)) return std::nullopt;
      }
    }
    return std::nullopt;  // fell off the end
  }

  std::optional<std::size_t> distance(const base::kernel::SockFilter& one) const {
    std::uint32_t other = BPF_SRC(one.code) == BPF_X ? x_ : one.k;
    switch (BPF_OP(one.code)) {
      case BPF_JA:
        return one.k;
      case BPF_JEQ:
        return a_ == other ? one.jt : one.jf;
      case BPF_JGT:
        return a_ > other ? one.jt : one.jf;
      case BPF_JGE:
        return a_ >= other ? one.jt : one.jf;
      case BPF_JSET:
        return a_ & other ? one.jt : one.jf;
      default:
        return std::nullopt;
    }
  }

  bool step(const base::kernel::SockFilter& one) {
    switch (one.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (one.k % 4 != 0 || one.k + 4 > sizeof data_) return false;
        std::memcpy(&a_, reinterpret_cast<const char*>(&data_) + one.k, 4);
        return true;
      case BPF_LD | BPF_IMM:
        a_ = one.k;
        return true;
      case BPF_LDX | BPF_IMM:
        x_ = one.k;
        return true;
      case BPF_LD | BPF_MEM:
      case BPF_LDX | BPF_MEM:
        if (one.k >= memory_.size()) return false;
        (BPF_CLASS(one.code) == BPF_LD ? a_ : x_) = memory_[one.k];
        return true;
      case BPF_ST:
      case BPF_STX:
        if (one.k >= memory_.size()) return false;
        memory_[one.k] = BPF_CLASS(one.code) == BPF_ST ? a_ : x_;
        return true;
      case BPF_MISC | BPF_TAX:
        x_ = a_;
        return true;
      case BPF_MISC | BPF_TXA:
        a_ = x_;
        return true;
      default:
        return BPF_CLASS(one.code) == BPF_ALU && compute(one);
    }
  }

  bool compute(const base::kernel::SockFilter& one) {
    std::uint32_t other = BPF_SRC(one.code) == BPF_X ? x_ : one.k;
    switch (BPF_OP(one.code)) {
      case BPF_ADD:
        a_ += other;
        return true;
      case BPF_SUB:
        a_ -= other;
        return true;
      case BPF_AND:
        a_ &= other;
        return true;
      case BPF_OR:
        a_ |= other;
        return true;
      case BPF_XOR:
        a_ ^= other;
        return true;
      case BPF_LSH:
        a_ = other < 32 ? a_ << other : 0;
        return true;
      case BPF_RSH:
        a_ = other < 32 ? a_ >> other : 0;
        return true;
      case BPF_NEG:
        a_ = 0U - a_;
        return true;
      default:
        return false;
    }
  }

  const seccomp_data& data_;
  std::uint32_t a_ = 0;
  std::uint32_t x_ = 0;
  std::array<std::uint32_t, BPF_MEMWORDS> memory_{};
};

}  // namespace tests
