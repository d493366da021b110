#include "engine/context.h"

#include <cstdio>

#include "base/text.h"

namespace engine {

void Context::tell(const std::string& line) const {
  if (!debug) return;
  auto text = base::cat("engine: ", line, "\n");
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace engine
