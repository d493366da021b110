// The command line of bundler as values.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace bundler {

// How registries are spoken to.
struct RegistryFlags {
  bool plain_http = false;
  std::optional<bool> tls_verify{};
  std::string cert_dir{};
};

struct PullCommand {
  std::vector<std::string> images{};
  std::string platform{};
  bool all_platforms = false;
  RegistryFlags registry_flags{};
};

struct PushCommand {
  std::string image{};
  std::string destination{};  // by default the image's own name
  std::string platform{};     // of an index only this image
  RegistryFlags registry_flags{};
};

struct LoginCommand {
  std::string registry{};
  std::string user{};
  bool password_stdin = false;
  RegistryFlags registry_flags{};
};

struct LogoutCommand {
  std::string registry{};
  bool all = false;
};

struct ImagesCommand {
  bool json = false;
  bool json_format = false;  // the same, said by --format
  bool names_only = false;
};

struct ImportCommand {
  std::string source{};
  std::string name{};
  std::string layout_name{};
  std::string platform{};
  bool all_platforms = false;
  std::vector<std::string> command{};
};

enum class PullPolicy { Missing, Always, Never };

// unpack and create. Texts as typed; bundle_commands.cc has them read by those who know what they
// mean.
struct MakeBundleCommand {
  bool overlay = false;  // create
  std::string image{};
  std::string bundle{};
  PullPolicy pull = PullPolicy::Missing;
  PullCommand from{};  // how it is pulled
  std::vector<std::string> command{};
  std::optional<std::string> entrypoint{};
  std::vector<std::string> env{};
  std::vector<std::string> volumes{};
  std::string hostname{};
  std::string user{};
  std::string workdir{};
  std::string cpus{};
  std::string memory{};
  std::string cpuset_cpus{};
  std::string max_size{};  // of the image's files
  std::optional<std::uint64_t> max_entries{};
  std::optional<std::uint64_t> max_ratio{};
  std::optional<std::uint64_t> cpu_shares{};
  std::optional<std::int64_t> pids_limit{};
  bool tty = false;
  bool read_only = false;
  bool rootless = false;
  bool no_seccomp = false;
};

struct InspectCommand {
  std::vector<std::string> images{};
  std::string platform{};
};

struct TagCommand {
  std::string image{};
  std::string name{};
};

struct RemoveCommand {
  std::vector<std::string> images{};
};

struct PruneCommand {
  bool json = false;
};

struct MountCommand {
  std::vector<std::string> bundles{};
};

struct UmountCommand {
  std::vector<std::string> bundles{};
};

struct DeleteCommand {
  std::vector<std::string> bundles{};
};

struct DiffCommand {
  std::string bundle{};
  bool json = false;
};

struct CommitCommand {
  std::string bundle{};
  std::string name{};
  std::string author{};
  std::string message{};
  std::vector<std::string> changes{};
};

enum class ExportFormat { OciLayout, OciArchive, DockerArchive };

struct ExportCommand {
  std::string image{};
  std::string to{};
  std::string platform{};
  std::optional<ExportFormat> format{};  // by default what the name of `to` says
};

// Auto: bars on a terminal, lines elsewhere.
enum class ProgressStyle { Auto, Bars, Lines, Json };

struct Invocation {
  std::string store{};
  ProgressStyle progress = ProgressStyle::Auto;
  std::string registries_conf{};
  std::string policy{};  // a file
  bool quiet = false;
  bool debug = false;
  std::variant<PullCommand, ImagesCommand, ImportCommand, MakeBundleCommand, InspectCommand,
               TagCommand, RemoveCommand, PruneCommand, ExportCommand, PushCommand, LoginCommand,
               LogoutCommand, MountCommand, UmountCommand, DeleteCommand, DiffCommand,
               CommitCommand>
      command{};
};

// Help and version to print, or what is wrong.
struct Answer {
  std::string text{};
  bool wrong = false;
};

std::variant<Invocation, Answer> parse_arguments(int argc, const char* const* argv);

}  // namespace bundler
