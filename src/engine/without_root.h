// What of a container an ordinary user can have.
#pragma once
#include "base/result.h"
#include "engine/context.h"
#include "engine/make_command.h"
#include "engine/record.h"
#include "spec/config.h"

namespace engine {

struct UserLimits {
  bool single_id = false;
  std::uint16_t first_port = 1024;  // the lowest of the host that an ordinary user may take
};
// Of root of our user namespace. man: ip(7), ip_unprivileged_port_start
UserLimits user_limits(const Context& context);

// The configuration becomes one that the kernel allows root of a user namespace: what belongs to a
// namespace of the host is bound, terminals have no group that is not mapped, the cgroup is a
// scope of the user's systemd, or one beside our own, where we may make one. What he cannot have is
// refused by its option's name: Kind::Unsupported. Pure. man: user_namespaces(7)
base::Status fit_to_user(const UserLimits& limits, const MakeCommand& command, const Record& record,
                         spec::Config& config);

}  // namespace engine
