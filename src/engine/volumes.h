// Named volumes: DATA/volumes/NAME/{volume.json, _data}.
#pragma once
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "engine/context.h"
#include "engine/record.h"

namespace engine {

struct Volume {
  std::string name{};
  std::string created{};
  Pairs labels{};
  bool anonymous = false;  // nobody gave it a name
};

class Volumes {
 public:
  explicit Volumes(const Context& context) : context_(context) {}

  // "DATA/volumes/NAME/_data".
  std::string data(const std::string& name) const;

  // While this is held no volume is made or removed by others.
  base::Result<base::Fd> lock() const;
  // Makes it where it is not there; locked by the caller. An empty name becomes 64 digits. True:
  // it is new.
  struct Ensured {
    Volume volume{};
    bool made = false;
  };
  base::Result<Ensured> ensure(Volume volume) const;

  // Kind::NotFound: "no such volume".
  base::Result<Volume> find(const std::string& name) const;
  // All, by name. What cannot be read is passed over with a note.
  base::Result<std::vector<Volume>> list() const;
  // Locked by the caller. Kind::State names a container that uses it.
  base::Status remove(const std::string& name) const;
  // Names of the containers that use it.
  base::Result<std::vector<std::string>> users(const std::string& name) const;

 private:
  const Context& context_;
};

// What the folder `destination` of the image holds goes into the volume, if that is empty.
base::Status fill_volume(const std::string& data, base::FdRef root, const std::string& destination);

// Those of the container that nobody named, as far as no other container uses them.
void remove_anonymous_volumes(const Context& context, const Record& record);

}  // namespace engine
