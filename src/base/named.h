// Constant tables word ↔ value: mount options, capabilities, signals, resource limits.
#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace base {

template <class T>
struct Named {
  std::string_view word;
  T value;
};

template <class T, std::size_t N>
constexpr std::optional<T> value_of(const std::array<Named<T>, N>& table, std::string_view word) {
  for (const auto& row : table)
    if (row.word == word) return row.value;
  return std::nullopt;
}

// The first word of this value, or the empty text.
template <class T, std::size_t N>
constexpr std::string_view word_of(const std::array<Named<T>, N>& table, T value) {
  for (const auto& row : table)
    if (row.value == value) return row.word;
  return {};
}

}  // namespace base
