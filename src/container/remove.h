// Undoes what create made.
#pragma once
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "container/record.h"
#include "fs/proc.h"

namespace container {

inline constexpr int kEndPatience = 10'000;  // milliseconds for a killed process to be gone

// spec: runtime.md#delete. Without `force` only a stopped container; with it whatever state it is
// in, and an absent one is fine. Failing poststop hooks are warnings.
base::Status remove(const std::string& root, const std::string& id, bool force,
                    std::vector<std::string>& warnings);

// Kills what is left of the container and undoes it: for one whose record is at hand.
base::Status remove_stopping(Record record, const fs::Proc& proc,
                             std::vector<std::string>& warnings);

// Waits until the process has ended; an error after so many milliseconds.
base::Status await_end(base::FdRef pidfd, int milliseconds);

}  // namespace container
