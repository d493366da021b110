// The state directory of a container: claimed, saved atomically, loaded; and what `create` made,
// for undoing.
//
//   <root>/<id>/state.json      what exists: pid, cgroup, bundle …
//               config.json     the bundle's configuration at create; later edits have no effect
//               resources.json  its limits as updates have made them; absent before the first
//               exec.fifo       init waits on it for `start`
//               exec.reply      and answers here
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apply/cgroup.h"
#include "apply/resctrl.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/result.h"
#include "systemd/bus.h"

namespace container {

// The unit of systemd whose group is the container's, and how that systemd is reached.
struct SavedUnit {
  std::string name{};
  bool user = false;
  std::vector<systemd::Address> addresses{};
  friend bool operator==(const SavedUnit&, const SavedUnit&) = default;
};

struct Saved {
  std::string id{};
  std::string bundle{};   // absolute
  std::string rootfs{};   // absolute
  std::string created{};  // RFC 3339
  std::uint32_t owner = 0;
  std::int64_t pid = 0;          // of init, in the runtime's pid namespace; 0: none was made yet
  std::uint64_t start_time = 0;  // of init: with the pid, its identity
  bool ready = false;            // create has finished
  bool checkpointed = false;     // and stopped by that: restore may take its place
  bool keyring = false;          // its session keyring is its own, and exec's
  // What its first descriptors are, as images name files of the host; none with a terminal.
  std::vector<std::string> descriptors{};
  std::vector<std::pair<std::string, std::string>> annotations{};
  apply::CgroupPaths cgroup{};
  std::optional<SavedUnit> unit{};
  std::optional<apply::ResctrlGroup> resctrl{};
  friend bool operator==(const Saved&, const Saved&) = default;
};

base::Json write_saved(const Saved& saved);
base::Result<Saved> read_saved(std::string_view text);

inline constexpr std::string_view kExecFifo = "exec.fifo";
inline constexpr std::string_view kExecReply = "exec.reply";

// Letters, digits and "_+-.", not beginning with ".", at most 200 characters: no id can be "..", or
// hold a slash.
base::Status check_id(std::string_view id);

class Record {
 public:
  Record(Record&&) = default;
  Record& operator=(Record&&) = default;
  // Removes the directory again unless kept.
  ~Record();

  // Makes the directory and its fifos; an error with the words "already exists" when the id is
  // taken.
  static base::Result<Record> claim(const std::string& root, const std::string& id,
                                    std::string_view config);
  // An error with the words "does not exist" when there is no such container.
  static base::Result<Record> load(const std::string& root, const std::string& id);

  // Its absolute path. Nothing is looked for there.
  static base::Result<std::string> path(const std::string& root, const std::string& id);

  // From now on the destructor leaves it be.
  void keep() { undo_ = false; }
  base::Status save() const;
  base::Result<std::string> config() const;
  // Held until the record is gone: create, start and delete of one container take turns.
  base::Status lock();
  // The same without waiting: false when another process holds it.
  base::Result<bool> try_lock();
  // Reads anew what may have changed before the lock was ours. An error with the words "does not
  // exist" and the code ENOENT when it was deleted, even if its id is in use again.
  base::Status reload();
  // Whether another process holds it.
  base::Result<bool> busy() const;
  base::Status remove();
  base::FdRef dir() const { return dir_; }

  Saved saved{};

 private:
  Record(base::Fd root, base::Fd dir) : root_(std::move(root)), dir_(std::move(dir)) {}
  base::Status read();
  base::Fd root_;
  base::Fd dir_;
  bool undo_ = false;
};

// The ids below this root, sorted; none when the root does not exist.
base::Result<std::vector<std::string>> list_ids(const std::string& root);

}  // namespace container
