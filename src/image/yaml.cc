#include "image/yaml.h"

#include <yaml.h>

namespace image {
namespace {

using base::Json;
using base::Result;

constexpr int kDeepest = 32;

std::string_view view(const unsigned char* text, std::size_t size) {
  return {static_cast<const char*>(static_cast<const void*>(text)), size};
}

class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&event); }
  yaml_event_t event{};
  yaml_event_type_t type() const { return event.type; }
  std::size_t line() const { return event.start_mark.line + 1; }
};

class Reader {
 public:
  explicit Reader(std::string_view text) {
    good_ = yaml_parser_initialize(&parser_) == 1;
    auto bytes = static_cast<const unsigned char*>(static_cast<const void*>(text.data()));
    if (good_) yaml_parser_set_input_string(&parser_, bytes, text.size());
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() {
    if (good_) yaml_parser_delete(&parser_);
  }

  Result<Json> stream() {
    TRY(expect(YAML_STREAM_START_EVENT));
    Event first;
    TRY(next(first));
    if (first.type() == YAML_STREAM_END_EVENT) return Json();
    auto out = TRY(item(0));
    TRY(expect(YAML_DOCUMENT_END_EVENT));
    Event end;
    TRY(next(end));
    if (end.type() != YAML_STREAM_END_EVENT)
      return base::config_error("line ", end.line(), ": there must be one document only");
    return out;
  }

 private:
  base::Status next(Event& into) {
    if (good_ && yaml_parser_parse(&parser_, &into.event) == 1) return {};
    std::string why = good_ && parser_.problem ? parser_.problem : "out of memory";
    return base::config_error("line ", parser_.problem_mark.line + 1, ": ", why);
  }

  base::Status expect(yaml_event_type_t type) {
    Event event;
    TRY(next(event));
    if (event.type() != type) return base::config_error("line ", event.line(), ": is no YAML");
    return {};
  }

  Result<Json> item(int depth) {
    Event event;
    TRY(next(event));
    return item_of(event, depth);
  }

  Result<Json> item_of(const Event& event, int depth) {
    if (depth > kDeepest)
      return base::config_error("line ", event.line(), ": is nested deeper than ", kDeepest);
    if (event.type() == YAML_SCALAR_EVENT) return scalar(event);
    if (event.type() == YAML_SEQUENCE_START_EVENT) return list(depth);
    if (event.type() == YAML_MAPPING_START_EVENT) return mapping(depth);
    return base::unsupported("line ", event.line(), ": aliases are not supported");
  }

  static Json scalar(const Event& event) {
    const auto& data = event.event.data.scalar;
    auto text = view(data.value, data.length);
    bool plain = data.style == YAML_PLAIN_SCALAR_STYLE;
    if (plain && (text.empty() || text == "~" || text == "null")) return {};
    return text;
  }

  Result<Json> list(int depth) {
    auto out = Json::array();
    for (;;) {
      Event event;
      TRY(next(event));
      if (event.type() == YAML_SEQUENCE_END_EVENT) return out;
      out.push(TRY(item_of(event, depth + 1)));
    }
  }

  Result<Json> mapping(int depth) {
    auto out = Json::object();
    for (;;) {
      Event event;
      TRY(next(event));
      if (event.type() == YAML_MAPPING_END_EVENT) return out;
      if (event.type() != YAML_SCALAR_EVENT)
        return base::config_error("line ", event.line(), ": a key must be a plain text");
      const auto& data = event.event.data.scalar;
      auto key = view(data.value, data.length);
      if (out.find(key))
        return base::config_error("line ", event.line(), ": there are two ", base::quote(key));
      auto value = TRY(item(depth + 1));
      out.set(key, std::move(value));
    }
  }

  yaml_parser_t parser_{};
  bool good_ = false;
};

}  // namespace

Result<Json> parse_yaml(std::string_view text) { return Reader(text).stream(); }

}  // namespace image
