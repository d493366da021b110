#include "bundler/fetch.h"

#include "bundler/commands.h"
#include "bundler/progress_display.h"
#include "bundler/registries.h"
#include "bundler/store_commands.h"
#include "bundler/trust.h"

namespace bundler {

using base::Result;

Result<std::optional<image::Image>> image_at_hand(const image::Store& store,
                                                  const image::Reference& name, PullPolicy policy,
                                                  const std::string& platform) {
  std::optional<image::Image> out;
  if (policy == PullPolicy::Always) return out;
  auto present = find_image(store, name, platform);
  // What is there for another platform is missing, too; what is there and damaged is not.
  bool missing = !present;
  if (missing && platform.empty()) {
    auto named = TRY(store.find(name));
    missing = !named;
  }
  if (missing && policy == PullPolicy::Missing) return out;
  out = TRY(std::move(present));
  return out;
}

Result<Fetcher> Fetcher::make(const Context& context, const PullCommand& how) {
  Fetcher out(context);
  out.conf_ = TRY(read_registries(context.invocation, context.environment));
  out.options_.auth_files = auth_files(context.environment);
  out.options_.helpers = helper_world(context.environment);
  out.options_.helpers.order = out.conf_.helpers.value_or(std::vector<std::string>());
  out.options_.platform = TRY(platform_of(how.platform));
  out.options_.all_platforms = how.all_platforms;
  out.options_.registry =
      registry_options(context.invocation, context.environment, how.registry_flags);
  out.options_.trust = TRY(read_trust(context.invocation.policy, context.environment));
  return out;
}

Result<std::vector<image::Reference>> Fetcher::meanings(const std::string& text) const {
  return image::meanings(conf_, text);
}

Result<image::Descriptor> Fetcher::fetch(const image::Reference& name,
                                         const image::Meanwhile& meanwhile) const {
  auto options = options_;
  options.sources = TRY(image::sources(conf_, name));
  // The display ends before anything else is printed.
  ProgressDisplay display(context_.environment, context_.invocation);
  return image::pull(context_.store, name, options, display, meanwhile);
}

Result<Fetcher::Fetched> Fetcher::first_of(const std::vector<image::Reference>& names,
                                           const image::Meanwhile& meanwhile) const {
  std::string problems;
  for (const auto& name : names) {
    auto descriptor = fetch(name, meanwhile);
    if (descriptor) return Fetched{name, std::move(descriptor).value()};
    if (names.size() == 1) return std::move(descriptor).error().in("pull " + name.text());
    problems +=
        base::cat(problems.empty() ? "pull " : "; ", name.text(), ": ", descriptor.error().text());
  }
  return base::system_error(problems);
}

}  // namespace bundler
