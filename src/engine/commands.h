// Command → engine's operations → output.
#pragma once
#include <functional>
#include <string>

#include "base/result.h"
#include "engine/cli.h"
#include "engine/containers.h"
#include "engine/context.h"

namespace engine {

// Results go to standard output, progress and notes to standard error. Gives the exit code.
base::Result<int> run(const Invocation& invocation, const Environment& environment,
                      const std::string& self);

// What a failure of this command is to a shell: 125 to 127 of `run` and `create`, else 1.
// compat: docker
int exit_code_of(const Invocation& invocation, const base::Error& error);

base::Status print(const std::string& text);
// One line on standard error.
void complain(const std::string& text);

// Does it to each container, whatever becomes of the others: the text that it gives is printed, an
// error is complained of. The exit code.
using OnContainer = std::function<base::Result<std::string>(Container& container)>;
base::Result<int> each_container(const Context& context, const Words& names,
                                 const OnContainer& errand);

}  // namespace engine
