#include "engine/runtime_calls.h"

#include <fcntl.h>

#include "base/json.h"
#include "base/text.h"
#include "fs/files.h"
#include "sys/file.h"

namespace engine {
namespace {

using base::Error;
using base::FdRef;
using base::Kind;

Kind kind_of(std::string_view code) {
  for (int i = 0; i <= static_cast<int>(base::kLastKind); ++i)
    if (auto kind = static_cast<Kind>(i); base::word(kind) == code) return kind;
  return Kind::System;
}

std::string text_of(const base::Json& json, std::string_view member) {
  auto found = json.find(member);
  return found && found->string() ? *found->string() : std::string();
}

}  // namespace

std::string runtime_log(const Container& container) {
  return container.run_path() + "/runtime.log";
}

Words runtime_options(const Context& context, const std::string& log) {
  return {"--root", context.places.run, "--log", log, "--log-format", "json"};
}

programs::Command runtime_command(const Context& context, const std::string& log,
                                  const Words& words) {
  programs::Command out{.path = context.runtime, .environment = context.variables};
  out.args = runtime_options(context, log);
  out.args.insert(out.args.end(), words.begin(), words.end());
  context.tell(base::cat(out.path, " ", base::join(out.args, " ")));
  return out;
}

Error runtime_error(const std::string& log, const std::string& otherwise) {
  auto text = fs::read_file(FdRef::cwd(), log);
  if (text) {
    auto lines = base::split(text.value(), '\n');
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
      auto json = base::parse_json(*line);
      if (!json || text_of(json.value(), "level") != "error") continue;
      return Error(kind_of(text_of(json.value(), "code")), text_of(json.value(), "msg"));
    }
  }
  auto said = std::string(base::trim(otherwise));
  return base::system_error(said.empty() ? "the runtime failed and does not say why" : said);
}

base::Result<std::string> call_runtime(const Context& context, const Container& container,
                                       const Words& words) {
  auto log = runtime_log(container);
  (void)sys::unlinkat(FdRef::cwd(), log);
  auto command = runtime_command(context, log, words);
  auto answer = TRY(programs::run(command, {}, {}, programs::Errors::Answer));
  if (answer.exit_code == 0) return std::move(answer.out);
  return runtime_error(log, answer.err);
}

}  // namespace engine
