// TOML documents as values, with the line of what is wrong. The one door to toml++.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace image {

// A table of a document that outlives it. Errors say "FILE:LINE: key: why".
class TomlTable {
 public:
  struct Impl;
  TomlTable(const Impl& impl, const void* table) : impl_(&impl), table_(table) {}

  bool has(std::string_view key) const;
  std::vector<std::string> keys() const;
  base::Result<std::string> string_or(std::string_view key, std::string_view otherwise) const;
  base::Result<bool> bool_or(std::string_view key, bool otherwise) const;
  base::Result<std::vector<std::string>> string_list(std::string_view key) const;
  // All of this table, which holds nothing but strings.
  base::Result<std::vector<std::pair<std::string, std::string>>> strings() const;
  base::Result<std::optional<TomlTable>> table(std::string_view key) const;
  // [[key]]; none where there is no such key.
  base::Result<std::vector<TomlTable>> tables(std::string_view key) const;
  // About the value of the key, or, without one, the table.
  base::Error error(std::string_view key, std::string_view why) const;

 private:
  const Impl* impl_;
  const void* table_;
};

class TomlDocument {
 public:
  static base::Result<TomlDocument> parse(std::string_view text, const std::string& file);
  TomlDocument(TomlDocument&&) noexcept;
  ~TomlDocument();
  TomlTable root() const;

 private:
  explicit TomlDocument(std::unique_ptr<TomlTable::Impl> impl);
  std::unique_ptr<TomlTable::Impl> impl_;
};

}  // namespace image
