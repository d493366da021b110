// The commands on bundles: unpack, create, mount, umount, delete, diff, commit.
#pragma once
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "bundler/cli.h"
#include "bundler/context.h"
#include "image/changes.h"

namespace bundler {

base::Status make_bundle(const Context& context, const MakeBundleCommand& command);

// These work in the store that the bundle was made of.
base::Status mount(const MountCommand& command);
base::Status umount(const UmountCommand& command);
base::Status delete_bundles(const DeleteCommand& command);
base::Status diff(const DiffCommand& command);
base::Status commit(const Invocation& invocation, const CommitCommand& command,
                    const Environment& environment);

// "A /etc/x", "C /etc", "D /bin/y", a line each; or an array of objects. Pure.
std::string changes_text(const std::vector<image::Change>& changes);
base::Json changes_json(const std::vector<image::Change>& changes);

}  // namespace bundler
