#include <algorithm>

#include "base/named.h"
#include "base/text.h"
#include "base/units.h"
#include "engine/config_parts.h"
#include "engine/labels.h"
#include "fs/files.h"

namespace engine {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

void set_label(Pairs& labels, const std::string& name, const std::string& value) {
  for (auto& known : labels)
    if (known.first == name) {
      known.second = value;
      return;
    }
  labels.emplace_back(name, value);
}

// Those of the image, of --label-file, of --label: the last of a name counts. compat: docker
Status add_labels(const LifeWishes& wishes, const image::ImageConfig& image, Record& record) {
  for (const auto& [name, value] : image.config.labels) set_label(record.labels, name, value);
  for (const auto& file : wishes.label_files) {
    auto text = TRY(fs::read_file(FdRef::cwd(), file), "--label-file");
    auto lines = TRY(read_lines(text), "--label-file ", file);
    auto labels = TRY(read_labels(lines), "--label-file ", file);
    for (const auto& [name, value] : labels) set_label(record.labels, name, value);
  }
  auto labels = TRY(read_labels(wishes.labels), "--label");
  for (const auto& label : wishes.labels)
    if (!base::is_utf8(label))
      return base::unsupported("--label: ", base::quote(label), " is not UTF-8");
  for (const auto& [name, value] : labels) set_label(record.labels, name, value);
  return {};
}

Status add_annotations(const Words& wishes, spec::Config& config) {
  for (const auto& text : wishes) {
    auto equals = text.find('=');
    if (equals == 0 || equals == std::string::npos)
      return base::usage_error("--annotation: must be NAME=VALUE, got ", base::quote(text));
    set_label(config.annotations, text.substr(0, equals), text.substr(equals + 1));
  }
  return {};
}

Status set_log(const LifeWishes& wishes, Record& record) {
  const auto& driver = wishes.log_driver;
  if (!driver.empty() && driver != "k8s-file" && driver != "json-file" && driver != "none")
    return base::unsupported("--log-driver: must be k8s-file, json-file or none, got ",
                             base::quote(driver));
  // compat: podman: who says json-file wants `logs` to work, and it does
  record.log_driver = driver == "none" ? "none" : "k8s-file";
  for (const auto& option : wishes.log_options) {
    constexpr std::string_view kSize = "max-size=";
    if (!option.starts_with(kSize))
      return base::unsupported("--log-opt: only max-size=SIZE is known, got ", base::quote(option));
    record.log_size =
        TRY(base::parse_size(std::string_view(option).substr(kSize.size())), "--log-opt max-size");
  }
  return {};
}

// man: signal(7). A name with or without SIG, in either case, or a number.
Status check_signal(std::string_view text) {
  auto number = base::parse<unsigned>(text);
  bool word = !text.empty() && text.find_first_not_of(
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
                                   "qrstuvwxyz0123456789+-") == std::string_view::npos;
  if ((number && *number >= 1 && *number <= 64) || (!number && word)) return {};
  return base::usage_error("--stop-signal: no signal is called ", base::quote(text));
}

}  // namespace

Result<Restart> parse_restart(std::string_view text) {
  Restart out;
  auto colon = text.find(':');
  auto policy = text.substr(0, colon);
  if (policy.empty() || policy == "no")
    out.policy = RestartPolicy::No;
  else if (policy == "always")
    out.policy = RestartPolicy::Always;
  else if (policy == "unless-stopped")
    out.policy = RestartPolicy::UnlessStopped;
  else if (policy == "on-failure")
    out.policy = RestartPolicy::OnFailure;
  else
    return base::usage_error(
        "--restart: must be no, on-failure[:N], always or unless-stopped, got ", base::quote(text));
  if (colon == std::string_view::npos) return out;
  auto most = base::parse<std::uint32_t>(text.substr(colon + 1));
  if (out.policy != RestartPolicy::OnFailure || !most)
    return base::usage_error("--restart: only on-failure has a number behind it, got ",
                             base::quote(text));
  out.most = *most;
  return out;
}

Status configure_life(const LifeWishes& wishes, const image::ImageConfig& image, Record& record,
                      spec::Config& config) {
  record.restart = TRY(parse_restart(wishes.restart));
  if (record.remove && record.restart.policy != RestartPolicy::No)
    return base::usage_error("--rm and --restart exclude each other");
  TRY(add_labels(wishes, image, record));
  TRY(add_annotations(wishes.annotations, config));
  record.stop_signal = wishes.stop_signal.empty() ? image.config.stop_signal : wishes.stop_signal;
  if (!wishes.stop_signal.empty()) TRY(check_signal(wishes.stop_signal));
  if (wishes.stop_timeout) record.stop_timeout = *wishes.stop_timeout;
  return set_log(wishes, record);
}

}  // namespace engine
