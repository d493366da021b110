#include "container/pause.h"

#include "apply/freezer.h"
#include "container/record.h"
#include "container/states.h"

namespace container {

using base::Status;

Status pause(const std::string& root, const std::string& id) {
  auto proc = TRY(fs::Proc::open());
  auto record = TRY(Record::load(root, id));
  auto status = TRY(status_of(record, proc));
  if (status != spec::Status::Running && status != spec::Status::Created)
    return base::state_error("container ", id, ": cannot pause a container that is ",
                             spec::word(status));
  TRY(apply::freeze(record.saved.cgroup), "container ", id);
  return {};
}

Status resume(const std::string& root, const std::string& id) {
  auto proc = TRY(fs::Proc::open());
  auto record = TRY(Record::load(root, id));
  auto status = TRY(status_of(record, proc));
  if (status != spec::Status::Paused)
    return base::state_error(
        "container ", id, ": cannot resume a container that is not paused: ", spec::word(status));
  TRY(apply::thaw(record.saved.cgroup), "container ", id);
  return {};
}

}  // namespace container
