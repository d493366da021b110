#include "plan/resctrl.h"

#include <algorithm>

#include "base/text.h"

namespace plan {
namespace {

// "L3:0=7f0;1=1f": a resource, and what its domains have.
struct SchemaLine {
  std::string resource{};
  std::vector<std::pair<std::string, std::string>> domains{};
};

// As the kernel compares them: it pads names and numbers when it writes them, with blanks and
// zeros.
std::string plain(std::string_view text) {
  text = base::trim(text);
  while (text.size() > 1 && text.front() == '0') text.remove_prefix(1);
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

SchemaLine parse_line(std::string_view line) {
  SchemaLine out;
  auto colon = std::min(line.find(':'), line.size());
  out.resource = base::trim(line.substr(0, colon));
  if (colon == line.size()) return out;
  for (auto part : base::split(line.substr(colon + 1), ';')) {
    auto equals = std::min(part.find('='), part.size());
    auto value = equals == part.size() ? std::string_view() : part.substr(equals + 1);
    out.domains.emplace_back(plain(part.substr(0, equals)), plain(value));
  }
  return out;
}

bool says(std::string_view present, const SchemaLine& wanted) {
  for (auto text : base::split(present, '\n')) {
    auto line = parse_line(text);
    if (line.resource != wanted.resource) continue;
    return std::all_of(wanted.domains.begin(), wanted.domains.end(), [&](const auto& domain) {
      return std::find(line.domains.begin(), line.domains.end(), domain) != line.domains.end();
    });
  }
  return false;
}

}  // namespace

std::optional<std::string> resctrl_difference(std::string_view present, std::string_view wanted) {
  for (auto text : base::split(wanted, '\n'))
    if (!base::trim(text).empty() && !says(present, parse_line(text))) return std::string(text);
  return std::nullopt;
}

std::vector<std::string> resctrl_schemata(const spec::IntelRdt& config) {
  std::vector<std::string> out;
  for (const auto& text :
       {config.l3_cache_schema, config.mem_bw_schema, base::join(config.schemata, "\n")})
    if (!text.empty()) out.push_back(text);
  return out;
}

base::Result<std::optional<ResctrlPlan>> resctrl(const spec::Linux& config, const Host& host,
                                                 const Request& request) {
  if (!config.intel_rdt) return std::optional<ResctrlPlan>();
  const auto& wanted = *config.intel_rdt;
  if (host.resctrl.empty())
    return base::unsupported("linux.intelRdt: no resctrl file system is mounted");
  ResctrlPlan out;
  out.mount = host.resctrl;
  out.schemata = resctrl_schemata(wanted);
  out.lasting = !wanted.clos_id.empty();
  out.must_exist = out.lasting && out.schemata.empty();
  if (wanted.clos_id != "/") out.group = out.lasting ? wanted.clos_id : request.id;
  if (wanted.enable_monitoring) out.monitor = request.id;
  return std::optional<ResctrlPlan>(std::move(out));
}

}  // namespace plan
