#include "spec/read.h"

#include <algorithm>

#include "base/text.h"
#include "spec/members_linux.h"
#include "spec/reading.h"

namespace spec {

namespace {
bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// spec: config.md#specification-version. Every 1.x is compatible with us: what we do not know of a
// later one is an unknown member, and those are ignored.
bool is_version_one(std::string_view version) {
  auto core = version.substr(0, version.find_first_of("-+"));
  auto numbers = base::split(core, '.');
  return numbers.size() == 3 && numbers[0] == "1" && is_digits(numbers[1]) && is_digits(numbers[2]);
}

bool is_before_1_3(std::string_view version) {
  auto minor = base::parse<unsigned>(base::split(version, '.')[1]);
  return minor && *minor < 3;
}

// Until 1.3 no process at all was no limit that one could want: podman writes 0 for "unlimited".
// compat: runc 1.1, crun
void read_old_limits(Config& config) {
  auto& resources = config.linux_.resources;
  if (resources && resources->pids && resources->pids->limit == 0) resources->pids->limit = -1;
}

template <class T>
base::Result<T> read_text(std::string_view text) {
  auto json = TRY(base::parse_json(text));
  return Reader::read<T>(base::Place(json));
}
}  // namespace

base::Result<Config> read_config(std::string_view text) {
  auto json = TRY(base::parse_json(text));
  base::Place document(json);
  // The version comes first: what follows in a document of another version means something else.
  auto version = TRY(document.at("ociVersion"));
  auto spelled = TRY(version.string());
  if (!is_version_one(spelled)) return version.error("must be a version 1.x.y");
  auto config = TRY(Reader::read<Config>(document));
  if (is_before_1_3(spelled)) read_old_limits(config);
  return config;
}

base::Result<Process> read_process(std::string_view text) { return read_text<Process>(text); }

base::Result<Resources> read_resources(std::string_view text) { return read_text<Resources>(text); }

}  // namespace spec
