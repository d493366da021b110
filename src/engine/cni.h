// Network plugins: programs that put an interface into a network namespace, and take it out again.
// spec: CNI specification 1.0.0
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "engine/context.h"
#include "engine/record.h"

namespace engine {

// What one interface of one container is to be.
struct CniWish {
  std::string container{};  // id
  std::string netns{};      // path; empty when the namespace is gone
  std::string interface {};
  std::string ip{};  // empty: any that is free
  std::string mac{};
  std::vector<Port> ports{};
};

// What the plugins of a list answered.
struct CniResult {
  std::vector<std::string> addresses{};  // "10.88.0.2/16"
  std::string gateway{};                 // the first
  std::string mac{};                     // of the interface in the container
  std::vector<std::string> links{};      // those on the host that are this container's alone
};

// Has each plugin of the list (the text of a configuration) add its part; gives the last one's
// answer, JSON. On failure what was made is undone. Kind::NotFound names a plugin that is not
// installed.
base::Result<std::string> cni_add(const Context& context, const std::string& config,
                                  const CniWish& wish);
// The reverse, as far as it goes; the first failure is told. `result`: what cni_add gave, or empty.
base::Status cni_del(const Context& context, const std::string& config, const CniWish& wish,
                     const std::string& result);

// The parts of both that are no more than JSON.

// What a plugin of `list` reads; `previous`: the answer of the one before it, or null.
base::Json plugin_input(const base::Json& list, const base::Json& plugin, const CniWish& wish,
                        const std::string& addresses, const base::Json& previous);
// Whether a plugin has nothing to do for this wish.
bool is_idle(const base::Json& plugin, const CniWish& wish);
base::Result<CniResult> read_cni_result(std::string_view text);
// The sentence of a plugin that failed. spec: CNI, section 5, "Error"
std::string cni_complaint(std::string_view answer);

}  // namespace engine
