// What `state`, `list` and `ps` tell.
#pragma once
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "container/record.h"
#include "spec/state.h"

namespace container {

struct Listed {
  Saved saved{};
  spec::Status status = spec::Status::Stopped;
};

base::Result<Listed> look_up(const std::string& root, const std::string& id);

// All that can be read, by id; for each other a sentence in `warnings`.
base::Result<std::vector<Listed>> list(const std::string& root, std::vector<std::string>& warnings);

// The State of the specification, with rootfs, created and owner as runc adds them.
// spec: runtime.md#state
base::Json describe(const Listed& listed);

// The lines of the host's ps(1) for these processes, with its heading.
base::Result<std::string> ps_table(const std::vector<int>& pids,
                                   const std::vector<std::string>& options,
                                   const std::string& search_path);

}  // namespace container
