// An interpreter for the few eBPF instructions that plan/devices writes, so that device filters are
// tested on made-up contexts.
#pragma once
#include <linux/bpf.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "plan/devices.h"

namespace ebpf {

// struct bpf_cgroup_dev_ctx
struct DeviceContext {
  std::uint32_t access_and_type = 0;
  std::uint32_t dev_major = 0;
  std::uint32_t dev_minor = 0;
};

namespace detail {

struct Machine {
  std::array<std::uint64_t, 11> registers{};
  std::array<bool, 11> written{};
  std::size_t next = 0;
};

inline bool compare(int operation, std::uint32_t a, std::uint32_t b) {
  return operation == BPF_JEQ ? a == b : a != b;
}

// False for an instruction that does not belong to the subset.
inline bool step(Machine& m, const plan::BpfInstruction& i, const DeviceContext& context) {
  auto to = static_cast<std::size_t>(i.registers & 0xf);
  auto from = static_cast<std::size_t>(i.registers >> 4);
  auto immediate = static_cast<std::uint32_t>(i.immediate);
  switch (i.code) {
    case BPF_LDX | BPF_MEM | BPF_W: {
      std::uint32_t word = 0;
      if (from != 1 || i.offset < 0 || i.offset > 8) return false;
      std::memcpy(&word, reinterpret_cast<const char*>(&context) + i.offset, sizeof word);
      m.registers[to] = word;
      break;
    }
    case BPF_ALU64 | BPF_MOV | BPF_X:
      if (!m.written[from]) return false;
      m.registers[to] = m.registers[from];
      break;
    case BPF_ALU64 | BPF_MOV | BPF_K:
      m.registers[to] = static_cast<std::uint64_t>(static_cast<std::int64_t>(i.immediate));
      break;
    case BPF_ALU | BPF_AND | BPF_K:
      if (!m.written[to]) return false;
      m.registers[to] = static_cast<std::uint32_t>(m.registers[to]) & immediate;
      break;
    case BPF_ALU | BPF_RSH | BPF_K:
      if (!m.written[to]) return false;
      m.registers[to] = static_cast<std::uint32_t>(m.registers[to]) >> immediate;
      break;
    case BPF_JMP32 | BPF_JEQ | BPF_K:
    case BPF_JMP32 | BPF_JNE | BPF_K:
      if (!m.written[to] || i.offset < 0) return false;
      if (compare(i.code & 0xf0, static_cast<std::uint32_t>(m.registers[to]), immediate))
        m.next += static_cast<std::size_t>(i.offset);
      return true;
    default:
      return false;
  }
  m.written[to] = true;
  return true;
}

}  // namespace detail

// The answer (1 allows); nothing if the program does what no verifier would let pass: an unknown
// instruction, a register read before it is written, running past the end.
inline std::optional<std::uint64_t> run(const std::vector<plan::BpfInstruction>& program,
                                        const DeviceContext& context) {
  detail::Machine machine;
  while (machine.next < program.size()) {
    const auto& instruction = program[machine.next++];
    if (instruction.code == (BPF_JMP | BPF_EXIT))
      return machine.written[0] ? std::optional(machine.registers[0]) : std::nullopt;
    if (!detail::step(machine, instruction, context)) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace ebpf
