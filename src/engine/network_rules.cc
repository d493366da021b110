#include "engine/network_rules.h"

#include <chrono>

#include "base/text.h"
#include "programs/run.h"

namespace engine {
namespace {

using base::Kind;
using base::Result;
using Status = base::Status;
using Words = std::vector<std::string>;

constexpr std::chrono::seconds kPatience{60};
constexpr int kMost = 16;  // of the same rule

std::string chain_of(const Network& network) { return "CORACLE-" + network.interface; }

bool has_rules(const Network& network) {
  return network.driver == "bridge" && !network.internal && !network.interface.empty();
}

bool has_family(const Network& network, bool six) {
  for (const auto& one : network.subnets)
    if (one.subnet.first.six == six) return true;
  return false;
}

// iptables or ip6tables.
class Filter {
 public:
  Filter(const Context& context, bool six) : context_(context), six_(six) {}

  Result<programs::Answer> run(const std::string& suffix, const Words& words,
                               const std::string& input = {}) const {
    auto name = base::cat(six_ ? "ip6tables" : "iptables", suffix);
    auto path = base::cat(context_.environment.search_path, ":/usr/sbin:/sbin");
    auto program = programs::find(path, name);
    if (!program)
      return base::Error(Kind::NotFound, base::cat("networks need the program ", name,
                                                   ", of the package iptables"));
    context_.tell(base::cat(program.value(), " ", base::join(words, " "),
                            input.empty() ? "" : " <<< '", input, input.empty() ? "" : "'"));
    programs::Command command{
        .path = program.value(), .args = words, .environment = {"PATH=" + path}};
    return programs::run(command, input, {.time = kPatience}, programs::Errors::Answer);
  }

  // Whether a call with these words succeeds.
  Result<bool> holds(const Words& words) const {
    auto answer = TRY(run("", words));
    return answer.exit_code == 0;
  }

 private:
  const Context& context_;
  bool six_;
};

Words rule(const char* table, const char* operation, const char* chain, const std::string& target) {
  return {"-w", "-t", table, operation, chain, "-j", target};
}

Status add_family(const Context& context, const Network& network, bool six) {
  Filter filter(context, six);
  auto chain = chain_of(network);
  // Both tables are written at once, and those who clear them clear both.
  bool there = TRY(filter.holds(rule("nat", "-C", "POSTROUTING", chain)));
  if (there) return {};
  auto text = rules_text(network, six);
  auto answer = TRY(filter.run("-restore", {"-w", "--noflush"}, text));
  if (answer.exit_code != 0)
    return base::system_error("network ", network.name,
                              ": iptables-restore: ", base::trim(answer.err));
  return {};
}

Status remove_family(const Context& context, const Network& network, bool six) {
  Filter filter(context, six);
  auto chain = chain_of(network);
  std::string text;
  for (auto [table, hook] : {std::pair("nat", "POSTROUTING"), std::pair("filter", "FORWARD")})
    text += base::cat("*", table, "\n:", chain, " - [0:0]\n-D ", hook, " -j ", chain, "\n-X ",
                      chain, "\nCOMMIT\n");
  auto answer = TRY(filter.run("-restore", {"-w", "--noflush"}, text));
  if (answer.exit_code == 0) return {};
  // Not as we left it.
  for (auto [table, hook] : {std::pair("nat", "POSTROUTING"), std::pair("filter", "FORWARD")}) {
    for (int i = 0; i < kMost; ++i) {
      bool more = TRY(filter.holds(rule(table, "-D", hook, chain)));
      if (!more) break;
    }
    (void)TRY(filter.holds({"-w", "-t", table, "-F", chain}));
    (void)TRY(filter.holds({"-w", "-t", table, "-X", chain}));
  }
  return {};
}

}  // namespace

std::string rules_text(const Network& network, bool six) {
  if (!has_rules(network) || !has_family(network, six)) return {};
  auto chain = chain_of(network);
  const auto& link = network.interface;
  auto out = base::cat("*nat\n:", chain, " - [0:0]\n");
  for (const auto& one : network.subnets) {
    if (one.subnet.first.six != six) continue;
    auto subnet = show(one.subnet);
    // What stays inside, and what is for many, keeps its sender.
    out += base::cat("-A ", chain, " -s ", subnet, " -d ", subnet, " -j RETURN\n");
    out += base::cat("-A ", chain, " -s ", subnet, " ! -d ", six ? "ff00::/8" : "224.0.0.0/4",
                     " -j MASQUERADE\n");
  }
  out += base::cat("-A POSTROUTING -j ", chain, "\nCOMMIT\n");
  // First in FORWARD, whose policy may be to drop. Bridges do not see each other, but for published
  // ports. compat: docker
  out += base::cat("*filter\n:", chain, " - [0:0]\n");
  out += base::cat("-A ", chain, " -i ", link, " -o ", link, " -j ACCEPT\n");
  out += base::cat("-A ", chain, " -o ", link,
                   " -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT\n");
  out += base::cat("-A ", chain, " -i ", link,
                   " -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT\n");
  out += base::cat("-A ", chain, " -i ", link, " -o coracle+ -j DROP\n");
  out += base::cat("-A ", chain, " -i ", link, " -j ACCEPT\n");
  out += base::cat("-I FORWARD -j ", chain, "\nCOMMIT\n");
  return out;
}

Status add_rules(const Context& context, const Network& network) {
  if (!has_rules(network)) return {};
  for (bool six : {false, true})
    if (has_family(network, six)) TRY(add_family(context, network, six));
  return {};
}

void remove_rules(const Context& context, const Network& network) {
  if (!has_rules(network)) return;
  for (bool six : {false, true}) {
    if (!has_family(network, six)) continue;
    auto gone = remove_family(context, network, six);
    if (!gone) context.tell("note: " + gone.error().text());
  }
}

}  // namespace engine
