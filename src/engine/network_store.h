// The networks that there are: DATA/networks/NAME.conflist.
#pragma once
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "engine/context.h"
#include "engine/network.h"

namespace engine {

inline constexpr const char* kDefaultNetwork = "bridge";

class Networks {
 public:
  explicit Networks(const Context& context) : context_(context) {}

  // Kind::NotFound: "no such network". The default one is there although nobody made it: it is
  // written when it is asked for first.
  base::Result<Network> find(const std::string& name) const;
  // By name, the default one first. What cannot be read is passed over with a note.
  base::Result<std::vector<Network>> list() const;

  // What is not said is chosen: a bridge's name, a free subnet for one that says it wants any
  // (prefix 0), its gateway. Kind::Exists for a name that is taken, Kind::Usage for a subnet that
  // is.
  base::Result<Network> make(Network wish) const;
  base::Status remove(const std::string& name) const;

  // What is decided for all networks is decided in turn: until the descriptor is closed.
  base::Result<base::Fd> lock() const;

 private:
  base::Result<Network> make_locked(Network wish) const;
  base::Result<Network> make_default() const;
  const Context& context_;
};

// The subnet that a network gets that names none: 10.89.0.0/24 on; of IPv6 one of fd00::/8. None of
// them overlaps `taken`.
base::Result<Subnet> free_subnet(bool six, const std::vector<Subnet>& taken);

}  // namespace engine
