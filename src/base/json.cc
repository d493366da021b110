#include "base/json.h"

#include <nlohmann/json.hpp>
#include <unordered_set>

namespace base {

namespace {
constexpr std::size_t kDeepest = 128;
using Ordered = nlohmann::ordered_json;

Ordered to_nlohmann(const Json& json) {
  if (auto b = json.boolean()) return *b;
  if (auto n = json.negative_or_signed()) return *n;
  if (auto n = json.unsigned_number()) return *n;
  if (auto d = json.real()) return *d;
  if (auto s = json.string()) return *s;
  if (auto items = json.array_items()) {
    auto out = Ordered::array();
    for (const auto& item : *items) out.push_back(to_nlohmann(item));
    return out;
  }
  if (auto members = json.members()) {
    Ordered::object_t out;
    out.reserve(members->size());
    // push_back of the underlying vector: names are unique already, no need to look for them.
    for (const auto& [name, value] : *members) out.push_back({name, to_nlohmann(value)});
    return Ordered(std::move(out));
  }
  return nullptr;
}

const char* type_word(const Json& json) {
  if (json.is_null()) return "null";
  if (json.boolean()) return "a boolean";
  if (json.string()) return "a string";
  if (json.array_items()) return "an array";
  if (json.members()) return "an object";
  return "a number";
}
}  // namespace

// Receives the parser's events and builds the value.
struct JsonBuilder {
  Json root;
  std::vector<Json*> open;
  std::string name;
  std::string problem;

  bool add(Json value, bool opens = false) {
    Json* at = nullptr;
    if (open.empty()) {
      root = std::move(value);
      at = &root;
    } else if (auto items = std::get_if<Json::Array>(&open.back()->v_)) {
      items->push_back(std::move(value));
      at = &items->back();
    } else {
      auto& members = std::get<Json::Object>(open.back()->v_);
      members.emplace_back(std::move(name), std::move(value));
      at = &members.back().second;
    }
    if (!opens) return true;
    if (open.size() == kDeepest) {
      problem = cat("nested deeper than ", kDeepest, " levels");
      return false;
    }
    open.push_back(at);
    return true;
  }

  // The SAX interface of nlohmann/json.
  bool null() { return add(Json()); }
  bool boolean(bool b) { return add(Json(b)); }
  bool number_integer(std::int64_t n) { return add(Json(n)); }
  bool number_unsigned(std::uint64_t n) { return add(Json(n)); }
  bool number_float(double d, const std::string&) { return add(Json(d)); }
  bool string(std::string& s) { return add(Json(std::move(s))); }
  bool binary(nlohmann::json::binary_t&) { return false; }
  bool start_object(std::size_t) { return add(Json::object(), true); }
  bool start_array(std::size_t) { return add(Json::array(), true); }
  bool key(std::string& s) {
    name = std::move(s);
    return true;
  }
  bool end_array() {
    open.pop_back();
    return true;
  }
  bool end_object() {
    // Two members of one name mean different things to different readers: refuse.
    const auto& members = *std::as_const(*open.back()).members();
    std::unordered_set<std::string_view> seen;
    for (const auto& member : members)
      if (!seen.insert(member.first).second) {
        problem = cat("two members are called ", quote(member.first));
        return false;
      }
    open.pop_back();
    return true;
  }
  template <class Exception>
  bool parse_error(std::size_t, const std::string&, const Exception& e) {
    problem = e.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 2: …" → from "line"
    if (auto at = problem.find("line "); at != std::string::npos) problem.erase(0, at);
    return false;
  }
};

Json::Json(const std::vector<std::string>& list) {
  Array items;
  items.reserve(list.size());
  for (const auto& text : list) items.emplace_back(text);
  v_ = std::move(items);
}

const Json* Json::find(std::string_view name) const {
  if (auto all = members())
    for (const auto& member : *all)
      if (member.first == name) return &member.second;
  return nullptr;
}

Json& Json::set(std::string_view name, Json value) & {
  if (is_null()) v_ = Object{};
  auto& all = *std::get_if<Object>(&v_);
  for (auto& member : all)
    if (member.first == name) {
      member.second = std::move(value);
      return *this;
    }
  all.emplace_back(std::string(name), std::move(value));
  return *this;
}

Json& Json::set_some(std::string_view name, const std::string& text) & {
  return text.empty() ? *this : set(name, Json(text));
}
Json& Json::set_some(std::string_view name, const std::vector<std::string>& list) & {
  return list.empty() ? *this : set(name, Json(list));
}
Json& Json::set_some(std::string_view name,
                     const std::vector<std::pair<std::string, std::string>>& m) & {
  if (m.empty()) return *this;
  auto object = Json::object();
  for (const auto& [key, value] : m) object.set(key, value);
  return set(name, std::move(object));
}
Json& Json::set_some(std::string_view name, Json value) & {
  bool empty = value.is_null() || (value.array_items() && value.array_items()->empty()) ||
               (value.members() && value.members()->empty());
  return empty ? *this : set(name, std::move(value));
}

void Json::push(Json value) {
  if (is_null()) v_ = Array{};
  std::get_if<Array>(&v_)->push_back(std::move(value));
}

Result<Json> parse_json(std::string_view text) {
  JsonBuilder builder;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder))
    return config_error("not JSON: ", builder.problem);
  return std::move(builder.root);
}

std::string dump(const Json& json, int indent) {
  return to_nlohmann(json).dump(indent, ' ', false, Ordered::error_handler_t::replace);
}

namespace {
Status check_texts(const Json& json, const std::string& path) {
  auto check = [&](const std::string& text, const std::string& where) -> Status {
    if (is_utf8(text)) return {};
    return unsupported(where, ": ", quote(text), " is not UTF-8, and cannot be written as JSON");
  };
  if (auto text = json.string()) return check(*text, path);
  if (auto items = json.array_items())
    for (std::size_t i = 0; i < items->size(); ++i)
      TRY(check_texts((*items)[i], cat(path, "[", i, "]")));
  if (auto members = json.members())
    for (const auto& [name, value] : *members) {
      auto inner = path.empty() ? name : cat(path, ".", name);
      TRY(check(name, inner));
      TRY(check_texts(value, inner));
    }
  return {};
}
}  // namespace

Status check_texts(const Json& json) { return check_texts(json, ""); }

Error Place::error(std::string_view wanted) const {
  std::string got = json_->array_items() || json_->members() || json_->is_null() ? type_word(*json_)
                                                                                 : dump(*json_);
  if (auto s = json_->string()) got = quote(*s);
  return config_error(path(), ": ", wanted, ", got ", got);
}

Result<std::optional<Place>> Place::find(std::string_view name) const {
  if (!json_->members()) return error("must be an object");
  auto found = json_->find(name);
  if (!found || found->is_null()) return std::optional<Place>();
  return std::optional<Place>(
      Place(*found, path_.empty() ? std::string(name) : cat(path_, ".", name)));
}

Result<Place> Place::at(std::string_view name) const {
  auto place = TRY(find(name));
  if (!place) {
    if (path_.empty()) return config_error(name, ": is required, and is missing");
    return config_error(path_, ".", name, ": is required, and is missing");
  }
  return *std::move(place);
}

Result<std::string> Place::string() const {
  auto s = json_->string();
  if (!s) return error("must be a string");
  // Every text of ours ends in a system call or a file: a NUL would silently cut it.
  if (s->find('\0') != std::string::npos) return error("must not contain a NUL character");
  return *s;
}

Result<bool> Place::boolean() const {
  auto b = json_->boolean();
  if (!b) return error("must be true or false");
  return *b;
}

Result<std::vector<Place>> Place::items() const {
  auto all = json_->array_items();
  if (!all) return error("must be an array");
  std::vector<Place> out;
  out.reserve(all->size());
  for (const auto& item : *all) out.push_back(Place(item, cat(path_, "[", out.size(), "]")));
  return out;
}

Result<std::vector<std::pair<std::string, Place>>> Place::members() const {
  auto all = json_->members();
  if (!all) return error("must be an object");
  std::vector<std::pair<std::string, Place>> out;
  out.reserve(all->size());
  for (const auto& [name, value] : *all)
    out.emplace_back(name, Place(value, path_.empty() ? name : cat(path_, ".", name)));
  return out;
}

Result<std::vector<std::string>> Place::strings() const {
  auto all = json_->array_items();
  if (!all) return error("must be an array");
  std::vector<std::string> out;
  out.reserve(all->size());
  for (const auto& item : *all) {
    auto s = item.string();
    // A filter names hundreds of calls: the path of each is made only for an error.
    if (s && s->find('\0') == std::string::npos)
      out.push_back(*s);
    else
      out.push_back(TRY(Place(item, cat(path_, "[", out.size(), "]")).string()));
  }
  return out;
}

Result<std::vector<std::pair<std::string, std::string>>> Place::string_map() const {
  auto all = TRY(members());
  std::vector<std::pair<std::string, std::string>> out;
  out.reserve(all.size());
  for (const auto& [name, place] : all) {
    auto text = TRY(place.string());
    out.emplace_back(name, std::move(text));
  }
  return out;
}

Result<std::int64_t> Place::int64(std::int64_t least, std::int64_t most) const {
  std::int64_t n = 0;
  if (auto s = json_->negative_or_signed()) {
    n = *s;
  } else if (auto u = json_->unsigned_number()) {
    if (*u > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return error(cat("must be an integer from ", least, " to ", most));
    n = static_cast<std::int64_t>(*u);
  } else {
    return error("must be an integer");
  }
  if (n < least || n > most) return error(cat("must be an integer from ", least, " to ", most));
  return n;
}

Result<std::uint64_t> Place::uint64(std::uint64_t most) const {
  std::uint64_t n = 0;
  if (auto u = json_->unsigned_number()) {
    n = *u;
  } else if (auto s = json_->negative_or_signed()) {
    if (*s < 0) return error(cat("must be an integer from 0 to ", most));
    n = static_cast<std::uint64_t>(*s);
  } else {
    return error("must be an integer");
  }
  if (n > most) return error(cat("must be an integer from 0 to ", most));
  return n;
}

Result<std::optional<std::string>> Place::opt_string(std::string_view name) const {
  auto place = TRY(find(name));
  if (!place) return std::optional<std::string>();
  return std::optional<std::string>(TRY(place->string()));
}

Result<std::string> Place::string_or(std::string_view name, std::string_view otherwise) const {
  auto text = TRY(opt_string(name));
  return text ? *std::move(text) : std::string(otherwise);
}

Result<std::optional<bool>> Place::opt_bool(std::string_view name) const {
  auto place = TRY(find(name));
  if (!place) return std::optional<bool>();
  return std::optional<bool>(TRY(place->boolean()));
}

Result<std::vector<std::string>> Place::opt_strings(std::string_view name) const {
  auto place = TRY(find(name));
  if (!place) return std::vector<std::string>();
  return place->strings();
}

Result<std::vector<std::pair<std::string, std::string>>> Place::opt_string_map(
    std::string_view name) const {
  auto place = TRY(find(name));
  if (!place) return std::vector<std::pair<std::string, std::string>>();
  return place->string_map();
}

}  // namespace base
