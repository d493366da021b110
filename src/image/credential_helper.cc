#include "image/credential_helper.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>

#include "base/json.h"
#include "sys/file.h"
#include "sys/process.h"

namespace image {
namespace {

using base::Fd;
using base::FdRef;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kLargestAnswer = 1 << 20;
constexpr std::size_t kLargestQuestion = 32 << 10;  // fits a pipe: writing does not wait
constexpr std::string_view kTokenUser = "<token>";
// What every helper says, with a failure, where it has nothing.
constexpr std::string_view kNotFound = "credentials not found";

// The name comes from a file and becomes part of a program's.
bool is_plain(std::string_view name) {
  return !name.empty() && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

bool executable(const std::string& path) {
  auto st = sys::fstatat(FdRef::cwd(), path, 0);
  return st && S_ISREG(st.value().st_mode) && (st.value().st_mode & 0111) != 0;
}

base::Result<std::string> find_program(const std::string& search_path, const std::string& program) {
  for (auto folder : base::split(search_path, ':')) {
    // A program of the working directory is nobody's wish.
    if (!folder.starts_with('/')) continue;
    auto path = base::cat(folder, "/", program);
    if (executable(path)) return path;
  }
  return base::system_error("the program ", program, " is not in PATH");
}

int milliseconds_until(Clock::time_point end) {
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

// False when the time is over before something comes.
base::Result<bool> wait_for(FdRef fd, Clock::time_point end) {
  for (;;) {
    sys::PollItem items[]{{.fd = fd, .events = POLLIN}};
    auto ready = sys::poll(items, milliseconds_until(end));
    if (ready) return ready.value() > 0;
    if (ready.error().code() != EINTR) return std::move(ready).error();
  }
}

// Killed and reaped unless it has ended.
struct Running {
  Fd pidfd{};
  bool ended = false;
  Running() = default;
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    if (!pidfd || ended) return;
    (void)sys::pidfd_send_signal(pidfd, SIGKILL);
    (void)sys::wait_child(pidfd);
  }
};

[[noreturn]] void become(const std::string& path, const std::vector<std::string>& args,
                         const std::vector<std::string>& environment, FdRef in, FdRef out) {
  auto placed = [&]() -> base::Status {
    TRY(sys::place_at(in, 0));
    TRY(sys::place_at(out, 1));
    return sys::close_on_exec_from(3);
  }();
  if (placed) {
    sys::reset_signals();
    (void)sys::execve(path, args, environment);
  }
  sys::exit_now(127);
}

struct Answer {
  std::string text{};
  int exit_code = 0;
};

base::Result<std::string> read_to_end(FdRef from, Clock::time_point end, int seconds) {
  std::string out;
  char buffer[4096];
  for (;;) {
    bool ready = TRY(wait_for(from, end));
    if (!ready) return base::system_error("has not answered for ", seconds, " seconds");
    auto got = TRY(sys::read(from, buffer));
    if (got == 0) return out;
    out.append(buffer, got);
    if (out.size() > kLargestAnswer) return base::system_error("answers without end");
  }
}

base::Result<Answer> run_program(const HelperWorld& helpers, const std::string& program,
                                 const std::string& action, const std::string& question) {
  auto path = TRY(find_program(helpers.search_path, program));
  if (question.size() > kLargestQuestion) return base::config_error("the secret is too long");
  auto in = TRY(sys::pipe());
  auto out = TRY(sys::pipe());
  // Before the program reads: what it leaves unread must not kill us with SIGPIPE.
  (void)TRY(sys::write(in.write_end, question));
  in.write_end.close();
  auto end = Clock::now() + std::chrono::seconds(helpers.seconds);
  Running running;
  auto cloned = TRY(sys::clone3({}));
  if (cloned.pid == 0)
    become(path, {program, action}, helpers.environment, in.read_end, out.write_end);
  running.pidfd = std::move(cloned.pidfd);
  out.write_end.close();
  Answer answer;
  answer.text = TRY(read_to_end(out.read_end, end, helpers.seconds));
  bool over = TRY(wait_for(running.pidfd, end));
  if (!over) return base::system_error("has not ended after ", helpers.seconds, " seconds");
  running.ended = true;
  answer.exit_code = TRY(sys::wait_child(running.pidfd)).exit_code;
  return answer;
}

base::Result<Answer> ask(const HelperWorld& helpers, const std::string& name,
                         const std::string& action, const std::string& question) {
  auto context = base::cat("credential helper ", base::quote(name));
  if (!is_plain(name)) return base::config_error(context, ": is no name of a program");
  return TRY(run_program(helpers, "docker-credential-" + name, action, question), context);
}

bool has_none(const Answer& answer) {
  return answer.exit_code != 0 && answer.text.find(kNotFound) != std::string::npos;
}

base::Status check(const Answer& answer, const std::string& name, std::string_view action) {
  if (answer.exit_code == 0) return {};
  auto said = base::trim(answer.text);
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
  auto json = base::parse_json(answer.text);
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
