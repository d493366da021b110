#include "image/registry_answer.h"

#include <algorithm>
#include <array>
#include <random>

#include "base/json.h"
#include "base/named.h"

namespace image {
namespace {

constexpr unsigned kLongestPause = 60'000;  // milliseconds

constexpr std::array<base::Named<long>, 11> kStatusWords{{
    {"bad request", 400},
    {"unauthorized", 401},
    {"forbidden", 403},
    {"not found", 404},
    {"method not allowed", 405},
    {"requested range not satisfiable", 416},
    {"too many requests", 429},
    {"internal server error", 500},
    {"bad gateway", 502},
    {"service unavailable", 503},
    {"gateway timeout", 504},
}};

// "MANIFEST_UNKNOWN: manifest unknown", or the empty text.
// spec: distribution spec.md#error-codes
std::string problem_text(const Response& response) {
  auto json = base::parse_json(response.problem);
  if (!json) return {};
  auto errors = json.value().find("errors");
  if (!errors || !errors->array_items() || errors->array_items()->empty()) {
    auto details = json.value().find("details");  // token services
    return details && details->string() ? printable(*details->string()) : std::string();
  }
  const auto& first = errors->array_items()->front();
  auto word = [&first](std::string_view name) {
    auto member = first.find(name);
    return member && member->string() ? printable(*member->string()) : std::string();
  };
  auto code = word("code");
  auto message = word("message");
  return code.empty() || message.empty() ? code + message : base::cat(code, ": ", message);
}

}  // namespace

std::string printable(std::string_view text) {
  constexpr std::size_t kLongest = 200;
  std::string out(text.substr(0, kLongest));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return out;
}

base::Error status_error(const Response& response) {
  auto text = base::cat(response.status);
  if (auto word = base::word_of(kStatusWords, response.status); !word.empty())
    text += base::cat(" ", word);
  if (auto problem = problem_text(response); !problem.empty())
    text += base::cat(" (", problem, ")");
  if (response.status == 404) return base::Error(base::Kind::NotFound, 0, std::move(text));
  return base::system_error(text);
}

base::Error lost_error(const Response& response, std::string_view when) {
  return base::system_error(response.silent ? "registry fell silent" : "registry hung up", when,
                            " (", printable(response.lost), ")");
}

bool is_redirect(const Response& response) {
  auto s = response.status;
  return (s == 301 || s == 302 || s == 303 || s == 307 || s == 308) && !response.location.empty();
}

bool may_pass(const Response& response) {
  return !response.answered() || response.status == 429 || response.status >= 500;
}

unsigned pause_before(unsigned failures, const Response& response, unsigned first_pause) {
  if (response.answered() && response.retry_after)
    return std::min(*response.retry_after, kLongestPause / 1000) * 1000;
  auto longest = std::min(first_pause << std::min(failures - 1, 10U), kLongestPause);
  std::random_device chance;
  return std::uniform_int_distribution<unsigned>(longest / 2, longest)(chance);
}

}  // namespace image
