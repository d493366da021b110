#include "image/toml.h"

// Without exceptions: a document that is wrong is a value here.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace image {
namespace {

const toml::table& of(const void* table) { return *static_cast<const toml::table*>(table); }

}  // namespace

struct TomlTable::Impl {
  toml::table root{};
  std::string file{};
};

bool TomlTable::has(std::string_view key) const { return of(table_).contains(key); }

std::vector<std::string> TomlTable::keys() const {
  std::vector<std::string> out;
  for (const auto& [key, value] : of(table_)) out.emplace_back(key.str());
  return out;
}

base::Error TomlTable::error(std::string_view key, std::string_view why) const {
  const toml::node* node = key.empty() ? nullptr : of(table_).get(key);
  auto line = node ? node->source().begin.line : of(table_).source().begin.line;
  return base::config_error(impl_->file, ":", line, ": ", key, key.empty() ? "" : ": ", why);
}

base::Result<std::string> TomlTable::string_or(std::string_view key,
                                               std::string_view otherwise) const {
  auto node = of(table_).get(key);
  if (!node) return std::string(otherwise);
  auto text = node->as_string();
  if (!text) return error(key, "must be a string");
  return text->get();
}

base::Result<bool> TomlTable::bool_or(std::string_view key, bool otherwise) const {
  auto node = of(table_).get(key);
  if (!node) return otherwise;
  auto value = node->as_boolean();
  if (!value) return error(key, "must be true or false");
  return value->get();
}

base::Result<std::vector<std::string>> TomlTable::string_list(std::string_view key) const {
  std::vector<std::string> out;
  auto node = of(table_).get(key);
  if (!node) return out;
  auto list = node->as_array();
  if (!list) return error(key, "must be a list of strings");
  for (const auto& item : *list) {
    auto text = item.as_string();
    if (!text) return error(key, "must be a list of strings");
    out.push_back(text->get());
  }
  return out;
}

base::Result<std::vector<std::pair<std::string, std::string>>> TomlTable::strings() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [key, value] : of(table_)) {
    auto text = value.as_string();
    if (!text) return error(key.str(), "must be a string");
    out.emplace_back(key.str(), text->get());
  }
  return out;
}

base::Result<std::optional<TomlTable>> TomlTable::table(std::string_view key) const {
  auto node = of(table_).get(key);
  if (!node) return std::optional<TomlTable>();
  auto found = node->as_table();
  if (!found) return error(key, "must be a table");
  return std::optional<TomlTable>(TomlTable(*impl_, found));
}

base::Result<std::vector<TomlTable>> TomlTable::tables(std::string_view key) const {
  std::vector<TomlTable> out;
  auto node = of(table_).get(key);
  if (!node) return out;
  auto list = node->as_array();
  if (!list) return error(key, base::cat("must be tables, [[", key, "]]"));
  for (const auto& item : *list) {
    auto found = item.as_table();
    if (!found) return error(key, base::cat("must be tables, [[", key, "]]"));
    out.emplace_back(*impl_, found);
  }
  return out;
}

base::Result<TomlDocument> TomlDocument::parse(std::string_view text, const std::string& file) {
  auto parsed = toml::parse(text, file);
  if (!parsed)
    return base::config_error(file, ":", parsed.error().source().begin.line, ": ",
                              std::string_view(parsed.error().description()));
  auto impl = std::make_unique<TomlTable::Impl>();
  impl->root = std::move(parsed).table();
  impl->file = file;
  return TomlDocument(std::move(impl));
}

TomlDocument::TomlDocument(std::unique_ptr<TomlTable::Impl> impl) : impl_(std::move(impl)) {}
TomlDocument::TomlDocument(TomlDocument&&) noexcept = default;
TomlDocument::~TomlDocument() = default;
TomlTable TomlDocument::root() const { return TomlTable(*impl_, &impl_->root); }

}  // namespace image
