// Holds the reader against schema/config.schema.json, member by member, in both directions.
#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "spec/members_linux.h"
#include "spec/read.h"
#include "spec/samples.h"

using base::Json;

namespace {

// What the schema names and the reader does not read, and why.
const std::map<std::string, std::string> kIgnored = {
    {"process.commandLine", "Windows only"}, {"process.user.username", "Windows only"},
    {"vm", "of another platform"},           {"windows", "of another platform"},
    {"solaris", "of another platform"},      {"freebsd", "of another platform"},
    {"zos", "of another platform"},
};

class Schema {
 public:
  explicit Schema(Json root) : root_(std::move(root)) {}
  const Json& root() const { return root_; }

  // The schema itself, behind its reference.
  const Json& follow(const Json& schema) const {
    auto reference = schema.find("$ref");
    if (!reference) return schema;
    auto here = &root_;
    for (auto name : base::split(std::string_view(*reference->string()).substr(2), '/')) {
      here = here->find(name);
      REQUIRE_MESSAGE(here, *reference->string());
    }
    return follow(*here);
  }

  std::string type(const Json& schema) const {
    if (auto named = schema.find("type")) return *named->string();
    if (auto words = schema.find("enum"))
      return words->array_items()->front().string() ? "string" : "integer";
    if (auto all = schema.find("allOf")) return type(follow(all->array_items()->front()));
    return "";
  }

  // The least value that the schema allows.
  Json least(const Json& unfollowed) const {
    const auto& schema = follow(unfollowed);
    if (auto examples = schema.find("examples")) return examples->array_items()->front();
    if (auto words = schema.find("enum")) return words->array_items()->front();
    if (auto all = schema.find("allOf")) return least(all->array_items()->front());
    auto kind = type(schema);
    if (kind == "boolean") return Json(true);
    if (kind == "integer") return Json(1);
    if (kind == "string") return Json("x");
    if (kind == "array") {
      auto array = Json::array();
      if (schema.find("minItems")) array.push(least(*schema.find("items")));
      return array;
    }
    auto object = Json::object();
    auto required = schema.find("required");
    if (auto rest = schema.find("else")) required = rest->find("required");
    for (auto list : {schema.find("required"), required})
      if (list)
        for (const auto& name : *list->array_items())
          object.set(*name.string(), least(*schema.find("properties")->find(*name.string())));
    return object;
  }

 private:
  Json root_;
};

// A step of the way to a member: a member's name, or the first item of an array.
struct Step {
  std::string name{};
  const Json* schema = nullptr;  // of the value that the step is taken from
};

// A property of the schema: its path as errors name it, its path as it is listed, and how to get
// there.
struct Property {
  std::string path{};
  std::vector<Step> way{};
  const Json* schema = nullptr;
};

void walk(const Schema& schema, const Json& unfollowed, const Property& at,
          std::vector<Property>& out) {
  const auto& here = schema.follow(unfollowed);
  auto go = [&](std::string name, const Json& next, bool member) {
    Property property;
    property.path = name == "[0]" ? at.path + name : at.path.empty() ? name : at.path + "." + name;
    property.way = at.way;
    property.way.push_back({name, &here});
    property.schema = &schema.follow(next);
    if (member) out.push_back(property);
    walk(schema, next, property, out);
  };
  if (auto properties = here.find("properties"))
    for (const auto& [name, next] : *properties->members()) go(name, next, true);
  // In an object with names of the user's choice, "key.key" suits all of them.
  if (auto others = here.find("additionalProperties")) go("key", *others, true);
  if (auto items = here.find("items")) go("[0]", *items, true);
}

// A document that the schema allows, but for one value.
Json document(const Schema& schema, const std::vector<Step>& way, std::size_t from, Json value) {
  if (from == way.size()) return value;
  const auto& step = way[from];
  auto inner = document(schema, way, from + 1, std::move(value));
  if (step.name == "[0]") {
    auto array = Json::array();
    array.push(std::move(inner));
    return array;
  }
  auto object = schema.least(*step.schema);
  object.set(step.name, std::move(inner));
  return object;
}

std::vector<Property> properties_of(const Schema& schema) {
  std::vector<Property> out;
  walk(schema, schema.root(), {}, out);
  return out;
}

Schema config_schema() {
  return Schema(samples::json_of(samples::text_of(std::string(SCHEMA) + "/config.schema.json")));
}

// The third visitor of `members`: lists the paths of all members of a struct.
class Lister {
 public:
  Lister(std::string at, std::set<std::string>& out) : at_(std::move(at)), out_(out) {}

  template <class T>
  void must(std::string_view name, T& x) {
    list(path(name), x);
  }
  template <class T>
  void may(std::string_view name, T& x) {
    list(path(name), x);
  }
  template <class T>
  void must_unless(bool, std::string_view name, T& x) {
    list(path(name), x);
  }
  void must_word(std::string_view name, auto&, const auto&) { out_.insert(path(name)); }
  void may_word(std::string_view name, auto&, const auto&) { out_.insert(path(name)); }
  void may_words(std::string_view name, auto&, const auto&) {
    out_.insert(path(name));
    out_.insert(path(name) + "[0]");
  }
  template <class T>
  void keyed(std::string_view name, std::vector<T>&, std::string T::*) {
    out_.insert(path(name));
    T item{};
    list(path(name) + ".key", item);
  }
  void inside(std::string_view name, auto&& members_of) {
    out_.insert(path(name));
    Lister inner(path(name), out_);
    members_of(inner);
  }
  void propagation(std::string_view name, auto&, bool&) { out_.insert(path(name)); }

 private:
  std::string path(std::string_view name) const {
    return at_.empty() ? std::string(name) : base::cat(at_, ".", name);
  }
  template <class T>
  void list(const std::string& path, T& x) {
    out_.insert(path);
    if constexpr (!std::integral<T>) {
      Lister inner(path, out_);
      members(inner, x);
    }
  }
  void list(const std::string& path, std::string&) { out_.insert(path); }
  void list(const std::string& path, std::vector<std::pair<std::string, std::string>>&) {
    out_.insert(path);
    out_.insert(path + ".key");
  }
  template <class T>
  void list(const std::string& path, std::optional<T>& x) {
    list(path, x.emplace());
  }
  template <class T>
  void list(const std::string& path, std::vector<T>&) {
    out_.insert(path);
    T item{};
    list(path + "[0]", item);
  }

  std::string at_;
  std::set<std::string>& out_;
};

}  // namespace

TEST_CASE("each member of the schema is read: a wrong type there is an error that names it") {
  auto schema = config_schema();
  auto all = properties_of(schema);
  CHECK(all.size() > 200);
  for (const auto& property : all) {
    if (kIgnored.contains(property.path)) continue;
    auto kind = schema.type(*property.schema);
    auto wrong = kind == "string" ? Json(7) : Json("wrong");
    if (kind == "array" || kind == "object") wrong = Json(true);
    auto text = base::dump(document(schema, property.way, 0, std::move(wrong)));
    auto config = spec::read_config(text);
    CHECK_MESSAGE(!config, property.path, " is not read: ", text);
    if (!config)
      CHECK_MESSAGE(config.error().text().starts_with(property.path + ": must be"), property.path,
                    ": ", config.error().text(), " in ", text);
  }
}

TEST_CASE("each member of the schema may have its least value") {
  auto schema = config_schema();
  for (const auto& property : properties_of(schema)) {
    auto text = base::dump(document(schema, property.way, 0, schema.least(*property.schema)));
    auto config = spec::read_config(text);
    CHECK_MESSAGE(config, property.path, " in ", text);
  }
}

TEST_CASE("each ignored member is one that the schema names, and may hold anything") {
  auto schema = config_schema();
  std::set<std::string> named;
  for (const auto& property : properties_of(schema)) {
    named.insert(property.path);
    if (!kIgnored.contains(property.path)) continue;
    for (auto value : {Json(7), Json("x"), Json::array(), Json::object()})
      CHECK(spec::read_config(base::dump(document(schema, property.way, 0, value))));
  }
  for (const auto& row : kIgnored) CHECK_MESSAGE(named.contains(row.first), row.first);
}

TEST_CASE("each member that is read is one that the schema names") {
  std::set<std::string> read, named;
  spec::Config config;
  Lister lister("", read);
  members(lister, config);
  for (const auto& property : properties_of(config_schema())) named.insert(property.path);
  for (const auto& path : read) CHECK_MESSAGE(named.contains(path), path, " is not in the schema");
  for (const auto& path : named)
    CHECK_MESSAGE((read.contains(path) || kIgnored.contains(path)), path, " is not read");
}
