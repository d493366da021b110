#include "engine/cni.h"

#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "engine/network.h"
#include "programs/run.h"

namespace engine {
namespace {

using base::Json;
using base::Kind;
using base::Place;
using base::Result;
using Status = base::Status;

constexpr const char* kUsualFolders = "/usr/lib/cni:/opt/cni/bin";
constexpr std::chrono::seconds kPatience{120};

std::string folders(const Context& context) {
  return context.cni_path.empty() ? kUsualFolders : base::join(context.cni_path, ":");
}

// They call iptables, which an ordinary PATH has not.
std::vector<std::string> environment(const Context& context, const char* command,
                                     const CniWish& wish) {
  return {base::cat("PATH=", context.environment.search_path, ":/usr/sbin:/sbin"),
          base::cat("CNI_COMMAND=", command),
          "CNI_CONTAINERID=" + wish.container,
          "CNI_NETNS=" + wish.netns,
          "CNI_IFNAME=" + wish.interface,
          "CNI_PATH=" + folders(context)};
}

std::string type_of(const Json& plugin) {
  auto type = plugin.find("type");
  return type && type->string() ? *type->string() : std::string();
}

Json port_mappings(const std::vector<Port>& ports) {
  auto out = Json::array();
  for (const auto& port : ports) {
    auto one = Json::object();
    one.set("hostPort", port.host).set("containerPort", port.container);
    one.set("protocol", port.protocol);
    one.set_some("hostIP", port.host_ip);
    out.push(std::move(one));
  }
  return out;
}

// One list of plugins, on one interface.
class Calling {
 public:
  Calling(const Context& context, Json list, const CniWish& wish)
      : context_(context), list_(std::move(list)), wish_(wish) {}

  Result<Json> add() {
    Json previous;
    for (const auto& plugin : plugins_of(list_)) {
      if (is_idle(plugin, wish_)) continue;
      auto answer = TRY(call("ADD", plugin, previous));
      previous = TRY(base::parse_json(answer), "the network plugin ", type_of(plugin));
    }
    return previous;
  }

  Status del(const Json& result) {
    auto plugins = plugins_of(list_);
    std::optional<base::Error> first;
    for (auto plugin = plugins.rbegin(); plugin != plugins.rend(); ++plugin) {
      if (is_idle(*plugin, wish_)) continue;
      auto done = call("DEL", *plugin, result);
      if (!done && !first) first = std::move(done).error();
    }
    if (first) return *std::move(first);
    return {};
  }

 private:
  Result<std::string> call(const char* command, const Json& plugin, const Json& previous) {
    auto type = type_of(plugin);
    if (type.empty() || type.find('/') != std::string::npos)
      return base::config_error("the network plugin ", base::quote(type), " is no program's name");
    auto path = programs::find(folders(context_), type);
    if (!path)
      return base::Error(Kind::NotFound,
                         base::cat("the network plugin ", type, " is not in ", folders(context_),
                                   ": it is part of the package containernetworking-plugins"));
    auto input =
        base::dump(plugin_input(list_, plugin, wish_, context_.places.engine() + "/cni", previous));
    context_.tell(base::cat("CNI_COMMAND=", command, " CNI_NETNS=", wish_.netns, " CNI_IFNAME=",
                            wish_.interface, " ", path.value(), " <<< '", input, "'"));
    programs::Command program{.path = path.value(),
                              .environment = environment(context_, command, wish_)};
    auto answer = TRY(programs::run(program, input, {.time = kPatience}, programs::Errors::Answer));
    if (answer.exit_code == 0) return answer.out;
    auto why = cni_complaint(answer.out);
    if (why.empty()) why = base::trim(answer.err);
    return base::system_error("the network plugin ", type, ": ", why);
  }

  const Context& context_;
  Json list_;
  const CniWish& wish_;
};

}  // namespace

Json plugin_input(const Json& list, const Json& plugin, const CniWish& wish,
                  const std::string& addresses, const Json& previous) {
  auto out = plugin;
  for (const char* name : {"cniVersion", "name"})
    if (auto value = list.find(name)) out.set(name, *value);
  auto runtime = Json::object();
  if (has_capability(plugin, "portMappings") && !wish.ports.empty())
    runtime.set("portMappings", port_mappings(wish.ports));
  if (has_capability(plugin, "ips") && !wish.ip.empty())
    runtime.set("ips", Json(std::vector<std::string>{wish.ip}));
  if (has_capability(plugin, "mac") && !wish.mac.empty()) runtime.set("mac", wish.mac);
  out.set_some("runtimeConfig", std::move(runtime));
  // What is given away is to be forgotten at the machine's next start.
  auto ipam = plugin.find("ipam");
  if (ipam && type_of(*ipam) == "host-local" && !ipam->find("dataDir")) {
    auto ours = *ipam;
    ours.set("dataDir", addresses);
    out.set("ipam", std::move(ours));
  }
  if (!previous.is_null()) out.set("prevResult", previous);
  return out;
}

bool is_idle(const Json& plugin, const CniWish& wish) {
  return type_of(plugin) == "portmap" && wish.ports.empty();
}

Result<CniResult> read_cni_result(std::string_view text) {
  CniResult out;
  auto json = TRY(base::parse_json(text));
  Place place(json);
  auto ips = TRY(place.find("ips"));
  if (ips) {
    for (const auto& ip : TRY(ips->items())) {
      auto address = TRY(ip.at("address"));
      out.addresses.push_back(TRY(address.string()));
      auto gateway = TRY(ip.string_or("gateway", ""));
      if (out.gateway.empty()) out.gateway = gateway;
    }
  }
  auto interfaces = TRY(place.find("interfaces"));
  if (!interfaces) return out;
  for (const auto& one : TRY(interfaces->items())) {
    auto name = TRY(one.string_or("name", ""));
    auto sandbox = TRY(one.string_or("sandbox", ""));
    if (!sandbox.empty() && out.mac.empty()) out.mac = TRY(one.string_or("mac", ""));
    // The bridge itself is everybody's.
    if (sandbox.empty() && name.starts_with("veth")) out.links.push_back(name);
  }
  return out;
}

std::string cni_complaint(std::string_view answer) {
  auto json = base::parse_json(answer);
  if (!json) return {};
  Place place(json.value());
  auto message = place.string_or("msg", "");
  auto details = place.string_or("details", "");
  std::string out = message ? std::move(message).value() : std::string();
  if (details && !details.value().empty()) out += ": " + details.value();
  // One sentence is one line.
  std::replace(out.begin(), out.end(), '\n', ' ');
  return out;
}

Result<std::string> cni_add(const Context& context, const std::string& config,
                            const CniWish& wish) {
  auto list = TRY(base::parse_json(config));
  Calling calling(context, std::move(list), wish);
  auto result = calling.add();
  if (result) return base::dump(result.value());
  if (auto undone = calling.del({}); !undone) context.tell("undo: " + undone.error().text());
  return std::move(result).error();
}

Status cni_del(const Context& context, const std::string& config, const CniWish& wish,
               const std::string& result) {
  auto list = TRY(base::parse_json(config));
  Json previous;
  if (!result.empty()) previous = TRY(base::parse_json(result));
  return Calling(context, std::move(list), wish).del(previous);
}

}  // namespace engine
