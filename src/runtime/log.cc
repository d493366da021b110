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

// What a program can rely on, besides the sentence.
struct Code {
  std::string_view word{};
  std::string_view errno_name{};
};

std::string line(const Global& global, const std::string& level, const std::string& text,
                 const Code& code) {
  if (global.log_format == Format::Json) {
    base::Json json;
    json.set("level", level);
    json.set("msg", text);
    json.set("time", now());
    if (!code.word.empty()) json.set("code", std::string(code.word));
    if (!code.errno_name.empty()) json.set("errno", std::string(code.errno_name));
    return base::dump(json) + "\n";
  }
  auto out = base::cat("time=\"", now(), "\" level=", level, " msg=", base::dump(base::Json(text)));
  if (!code.word.empty()) out += base::cat(" code=", code.word);
  if (!code.errno_name.empty()) out += base::cat(" errno=", code.errno_name);
  return out + "\n";
}

void append(const Global& global, const std::string& bytes) {
  if (global.log.empty()) return;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(global.log.c_str(), "ae"),
                                                       std::fclose);
  if (!file || std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size())
    std::fprintf(stderr, "runtime: --log %s: cannot be written\n", global.log.c_str());
}

}  // namespace

void log_error(const Global& global, const base::Error& error) {
  std::fprintf(stderr, "runtime: %s\n", error.text().c_str());
  Code code;
  code.word = base::word(error.kind());
  code.errno_name = base::errno_name(error.code());
  append(global, line(global, "error", error.text(), code));
}

void log_warnings(const Global& global, const std::vector<std::string>& warnings, bool succeeded) {
  for (const auto& warning : warnings) {
    std::fprintf(stderr, "runtime: warning: %s\n", warning.c_str());
    if (succeeded) append(global, line(global, "warning", warning, {}));
  }
}

}  // namespace runtime
