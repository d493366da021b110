// Images from their registries, by the names that a user may give them.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bundler/cli.h"
#include "bundler/context.h"
#include "image/pull.h"
#include "image/registries.h"

namespace bundler {

// The image of the store; nothing where it is to be fetched: because that is wished, or because the
// store has none of this name, or none for this platform. An error when it is damaged, or missing
// and not to be fetched.
base::Result<std::optional<image::Image>> image_at_hand(const image::Store& store,
                                                        const image::Reference& name,
                                                        PullPolicy policy,
                                                        const std::string& platform);

class Fetcher {
 public:
  // The context outlives it. `how` tells the platform and how registries are spoken to.
  static base::Result<Fetcher> make(const Context& context, const PullCommand& how);

  // What the name can stand for, in the order in which that is tried.
  base::Result<std::vector<image::Reference>> meanings(const std::string& text) const;

  struct Fetched {
    image::Reference name{};
    image::Descriptor descriptor{};
  };
  // The first of these that any registry has. Shows its progress.
  base::Result<Fetched> first_of(const std::vector<image::Reference>& names,
                                 const image::Meanwhile& meanwhile = {}) const;

 private:
  explicit Fetcher(const Context& context) : context_(context) {}
  base::Result<image::Descriptor> fetch(const image::Reference& name,
                                        const image::Meanwhile& meanwhile) const;

  const Context& context_;
  image::RegistriesConf conf_{};
  image::PullOptions options_{};
};

}  // namespace bundler
