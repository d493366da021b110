// The containers that there are: found by name or id, locked, saved.
#pragma once
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "base/text.h"
#include "engine/context.h"
#include "engine/record.h"

namespace engine {

// A container's folder with its record. Without the lock the record is what it was when it was
// read.
class Container {
 public:
  Record record{};

  base::FdRef folder() const { return folder_; }
  std::string path() const { return path_; }  // DATA/containers/ID
  std::string bundle() const { return path_ + "/bundle"; }
  std::string rootfs() const;                                    // of the bundle, or the user's
  const std::string& run_folder() const { return run_folder_; }  // RUN/.engine/ID
  // Of this start: who belongs to an earlier one can do no harm. RUN/.engine/ID/3
  std::string run_path() const { return base::cat(run_folder_, "/", record.state.run); }
  std::string log() const { return path_ + "/log"; }

  // Waits for its turn, and reads the record anew. Kind::NotFound when it is gone. Until unlock(),
  // or the end of this object.
  base::Status lock();
  // The same without waiting; false when another process holds it.
  base::Result<bool> try_lock();
  void unlock() { lock_.close(); }
  base::Status save() const;
  // Reads the record anew. Kind::NotFound when it is gone.
  base::Status reload();

 private:
  friend class Containers;
  base::Fd folder_{};
  base::Fd lock_{};
  std::string path_{};
  std::string run_folder_{};
};

class Containers {
 public:
  explicit Containers(const Context& context) : context_(context) {}

  // Claims name and id, makes the folder; locked. Kind::Exists with the words "already in use".
  // An empty name becomes one of two words. A failure leaves neither.
  base::Result<Container> claim(Record record) const;
  // By name, id, or the beginning of an id that only one has. Kind::NotFound: "no such container".
  base::Result<Container> find(const std::string& text) const;
  base::Result<Container> open(const std::string& id) const;
  // All, the youngest first. What cannot be read is passed over with a note.
  base::Result<std::vector<Container>> list() const;
  base::Status rename(Container& container, const std::string& name) const;
  // Takes away its name and folders; the rest must have been undone.
  base::Status forget(Container& container) const;

 private:
  const Context& context_;
};

// Letters, digits and "_.-", beginning with a letter or digit. compat: docker
base::Status check_name(std::string_view what, std::string_view name);

}  // namespace engine
