#include "runtime/log.h"

#include <chrono>
#include <cstdio>
#include <memory>

#include "base/json.h"
#include "base/time.h"

namespace runtime {
namespace {

std::string now() {
  using namespace std::chrono;
  auto since = system_clock::now().time_since_epoch();
  auto whole = floor<seconds>(since);
  return base::rfc3339(whole.count(), duration_cast<nanoseconds>(since - whole).count());
}

std::string line(const Global& global, const std::string& level, const std::string& text) {
  if (global.log_format == Format::Json) {
    base::Json json;
    json.set("level", level);
    json.set("msg", text);
    json.set("time", now());
    return base::dump(json) + "\n";
  }
  return base::cat("time=\"", now(), "\" level=", level, " msg=", base::dump(base::Json(text)),
                   "\n");
}

void append(const Global& global, const std::string& level, const std::string& text) {
  if (global.log.empty()) return;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(global.log.c_str(), "ae"),
                                                       std::fclose);
  auto bytes = line(global, level, text);
  if (!file || std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size())
    std::fprintf(stderr, "runtime: --log %s: cannot be written\n", global.log.c_str());
}

}  // namespace

void log_error(const Global& global, const std::string& text) {
  std::fprintf(stderr, "runtime: %s\n", text.c_str());
  append(global, "error", text);
}

void log_warnings(const Global& global, const std::vector<std::string>& warnings, bool succeeded) {
  for (const auto& warning : warnings) {
    std::fprintf(stderr, "runtime: warning: %s\n", warning.c_str());
    if (succeeded) append(global, "warning", warning);
  }
}

}  // namespace runtime
