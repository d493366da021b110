#include "image/credential_helper.h"

#include <chrono>

#include "base/json.h"
#include "programs/run.h"

namespace image {
namespace {

using programs::Answer;

constexpr std::size_t kLargestAnswer = 1 << 20;
constexpr std::string_view kTokenUser = "<token>";
// What every helper says, with a failure, where it has nothing.
constexpr std::string_view kNotFound = "credentials not found";

// The name comes from a file and becomes part of a program's.
bool is_plain(std::string_view name) {
  return !name.empty() && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

base::Result<Answer> run_program(const HelperWorld& helpers, const std::string& program,
                                 const std::string& action, const std::string& question) {
  auto path = TRY(programs::find(helpers.search_path, program));
  programs::Limits limits{.time = std::chrono::seconds(helpers.seconds), .bytes = kLargestAnswer};
  return programs::run({path, {action}, helpers.environment}, question, limits,
                       programs::Errors::Ours);
}

base::Result<Answer> ask(const HelperWorld& helpers, const std::string& name,
                         const std::string& action, const std::string& question) {
  auto context = base::cat("credential helper ", base::quote(name));
  if (!is_plain(name)) return base::config_error(context, ": is no name of a program");
  return TRY(run_program(helpers, "docker-credential-" + name, action, question), context);
}

bool has_none(const Answer& answer) {
  return answer.exit_code != 0 && answer.out.find(kNotFound) != std::string::npos;
}

base::Status check(const Answer& answer, const std::string& name, std::string_view action) {
  if (answer.exit_code == 0) return {};
  auto said = base::trim(answer.out);
  return base::system_error("credential helper ", base::quote(name), ": ", action, " ended with ",
                            answer.exit_code, said.empty() ? "" : ": ",
                            said.empty() ? "" : base::quote(said));
}

}  // namespace

base::Result<std::optional<Credentials>> helper_get(const HelperWorld& helpers,
                                                    const std::string& name,
                                                    const std::string& server) {
  auto answer = TRY(ask(helpers, name, "get", server));
  if (has_none(answer)) return std::optional<Credentials>();
  TRY(check(answer, name, "get"));
  auto json = base::parse_json(answer.out);
  // The parser's complaint may quote the secret.
  auto word = [&json](std::string_view member) {
    auto found = json ? json.value().find(member) : nullptr;
    return found && found->string() ? *found->string() : std::string();
  };
  Credentials out{.user = word("Username"), .password = word("Secret")};
  if (out.user.empty() || out.password.empty())
    return base::system_error("credential helper ", base::quote(name),
                              ": get answers without Username and Secret");
  if (out.user == kTokenUser) {
    out.identity_token = std::exchange(out.password, {});
    out.user.clear();
  }
  return std::optional<Credentials>(std::move(out));
}

base::Status helper_store(const HelperWorld& helpers, const std::string& name,
                          const std::string& server, const Credentials& credentials) {
  auto json = base::Json::object();
  bool token = !credentials.identity_token.empty();
  json.set("ServerURL", server);
  json.set("Username", token ? std::string(kTokenUser) : credentials.user);
  json.set("Secret", token ? credentials.identity_token : credentials.password);
  auto answer = TRY(ask(helpers, name, "store", base::dump(json)));
  return check(answer, name, "store");
}

base::Status helper_erase(const HelperWorld& helpers, const std::string& name,
                          const std::string& server) {
  auto answer = TRY(ask(helpers, name, "erase", server));
  if (has_none(answer)) return {};
  return check(answer, name, "erase");
}

std::string helper_server(std::string_view registry) {
  return registry == "docker.io" ? "https://index.docker.io/v1/" : std::string(registry);
}

}  // namespace image
