// The commands on images, as typed.
#pragma once
#include <string>

#include "bundler/cli.h"
#include "engine/make_command.h"

namespace engine {

struct PullImagesCommand {
  bundler::PullCommand pull{};
  bool quiet = false;
};

struct PushImageCommand {
  bundler::PushCommand push{};
  bool quiet = false;
};

struct ListImagesCommand {
  std::string name{};  // empty: all
  bool quiet = false;
  bool no_trunc = false;
  bool json = false;
};

struct RemoveImagesCommand {
  Words images{};
  bool force = false;
};

struct TagImageCommand {
  std::string image{};
  std::string name{};
};

struct SaveCommand {
  std::string image{};
  std::string output{};  // empty: standard output
};

struct LoadCommand {
  std::string input{};  // empty: standard input
  bool quiet = false;
};

struct ImportImageCommand {
  std::string source{};  // "-": standard input
  std::string name{};
  Words changes{};
  std::string message{};
};

struct HistoryCommand {
  std::string image{};
  bool no_trunc = false;
  bool quiet = false;
};

struct LogInCommand {
  bundler::LoginCommand login{};
};

struct LogOutCommand {
  bundler::LogoutCommand logout{};
};

struct InfoCommand {
  bool json = false;
};

struct VersionCommand {};

}  // namespace engine
