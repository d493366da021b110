// Prints what the library writes, for schemas.py: {"config": […], "features": […], "state": […]};
// the configurations are the examples, and what comes of reading and writing each FILE.
//   documents FILE…
#include <cstdio>
#include <fstream>
#include <iterator>

#include "spec/default_seccomp.h"
#include "spec/example.h"
#include "spec/features.h"
#include "spec/read.h"
#include "spec/state.h"
#include "spec/write.h"

int main(int argc, char** argv) {
  auto configs = base::Json::array();
  configs.push(spec::write_config(spec::example_config()));
  configs.push(spec::write_config(spec::rootless(spec::example_config(), 1000, 1000)));
  auto filtered = spec::example_config();
  filtered.linux_.seccomp = spec::default_seccomp({});
  configs.push(spec::write_config(filtered));
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i]);
    std::string text(std::istreambuf_iterator<char>(file), {});
    auto config = spec::read_config(text);
    if (!config) return 1;
    configs.push(spec::write_config(config.value()));
  }
  auto states = base::Json::array();
  for (auto status : {spec::Status::Creating, spec::Status::Created, spec::Status::Running,
                      spec::Status::Paused, spec::Status::Stopped})
    states.push(spec::write_state(
        {"c1", status, status == spec::Status::Stopped ? 0 : 42, "/bundle", {{"a", "b"}}}));
  auto features = base::Json::array();
  features.push(spec::features({{"ro", "rw"}, {"CAP_CHOWN"}, "0.1.0", "2.5.4"}));
  auto all = base::Json::object();
  all.set("config", configs).set("state", states).set("features", features);
  std::puts(base::dump(all).c_str());
}
