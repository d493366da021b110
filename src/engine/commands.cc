#include "engine/commands.h"

#include <cstdio>

#include "base/text.h"
#include "engine/container_commands.h"
#include "engine/image_commands.h"
#include "engine/look_commands.h"
#include "engine/network_commands.h"
#include "engine/places.h"
#include "engine/user_namespace.h"
#include "engine/volume_commands.h"

namespace engine {

using base::Kind;
using base::Result;

base::Status print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    return base::system_error("standard output cannot be written");
  return {};
}

void complain(const std::string& text) {
  auto line = base::cat("engine: ", text, "\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
}

Result<int> each_container(const Context& context, const Words& names, const OnContainer& errand) {
  int code = 0;
  for (const auto& name : names) {
    auto done = [&]() -> base::Status {
      auto container = TRY(Containers(context).find(name));
      auto text = TRY(errand(container));
      return print(text);
    }();
    if (done) continue;
    complain(done.error().text());
    code = 1;
  }
  return code;
}

int exit_code_of(const Invocation& invocation, const base::Error& error) {
  bool runs = std::holds_alternative<RunCommand>(invocation.command) ||
              std::holds_alternative<CreateCommand>(invocation.command);
  if (error.kind() == Kind::NoProgram) return 127;
  if (error.kind() == Kind::NotExecutable) return 126;
  return runs ? 125 : 1;
}

Result<int> run(const Invocation& invocation, const Environment& environment,
                const std::string& self) {
  auto context = TRY(make_context(invocation, environment, self));
  TRY(become_root(context));
  TRY(make_data_private(context.places));
  return std::visit([&](const auto& command) { return execute(context, command); },
                    invocation.command);
}

}  // namespace engine
