// What the program tells the image layer of registries: files, options, and which name is meant.
#pragma once
#include <functional>
#include <string>

#include "base/result.h"
#include "bundler/cli.h"
#include "bundler/environment.h"
#include "image/layout.h"
#include "image/registries.h"
#include "image/registry.h"

namespace bundler {

// registries.conf with its drop-ins: of --registries-conf, else $CONTAINERS_REGISTRIES_CONF, else
// of the user, else of the system. Its warnings go to standard error.
base::Result<image::RegistriesConf> read_registries(const Invocation& invocation,
                                                    const Environment& environment);

// Which files these are. man: containers-registries.conf.d(5)
image::ConfFiles registries_files(const Invocation& invocation, const Environment& environment);

image::RegistryOptions registry_options(const Invocation& invocation,
                                        const Environment& environment, const RegistryFlags& flags);

// What an image of the store is called in full: the first meaning of the name that the store has,
// else Docker's, else the first.
base::Result<image::Reference> stored_name(const image::Store& store,
                                           const image::RegistriesConf& conf,
                                           const std::string& text);
// The same, as the commands of the store are given it.
using Namer = std::function<base::Result<image::Reference>(const std::string& text)>;

}  // namespace bundler
