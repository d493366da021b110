// What every command that works in the store is given.
#pragma once
#include <string>

#include "base/result.h"
#include "bundler/cli.h"
#include "bundler/environment.h"
#include "image/descriptor.h"
#include "image/layout.h"
#include "image/platform.h"
#include "image/reference.h"

namespace bundler {

struct Context {
  const Invocation& invocation;
  const Environment& environment;
  const image::Store& store;

  // The name in full of an image of the store.
  base::Result<image::Reference> find(const std::string& text) const;
};

// "linux/arm64"; empty: this machine's.
base::Result<image::Platform> platform_of(const std::string& text);

// Prints "docker.io/library/alpine:latest@sha256:…", unless it is to be quiet.
base::Status report(const Invocation& invocation, const image::Reference& reference,
                    const image::Descriptor& descriptor);

}  // namespace bundler
