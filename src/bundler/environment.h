// What the program learns from outside its arguments, read once in main.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bundler {

struct Environment {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int64_t now = 0;                  // seconds since 1970; $SOURCE_DATE_EPOCH where it is set
  std::string home{};                    // $HOME
  std::string data_home{};               // $XDG_DATA_HOME
  std::string config_home{};             // $XDG_CONFIG_HOME
  std::string runtime_dir{};             // $XDG_RUNTIME_DIR
  std::string docker_config{};           // $DOCKER_CONFIG
  std::string registry_auth_file{};      // $REGISTRY_AUTH_FILE
  std::string registries_conf{};         // $CONTAINERS_REGISTRIES_CONF
  std::string search_path{};             // $PATH
  std::vector<std::string> variables{};  // all, "NAME=value"
  bool terminal = false;                 // standard error is one, and may be drawn on
  std::size_t columns = 80;
};

}  // namespace bundler
