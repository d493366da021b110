// A static program used as the container's process: prints what it sees as JSON, does what it is
// told.
//   probe                    prints everything that it sees, as one JSON object on one line
//   probe WORD [ARG…]        does one thing (see kDeeds); exits 0, or 1 with the errno's name on
//   stderr
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

extern char** environ;

namespace {

using Args = std::vector<std::string>;

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    char hex[8];
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (static_cast<unsigned char>(c) >= 0x20)
      out += c;
    else
      out += (std::snprintf(hex, sizeof hex, "\\u%04x", c), hex);
  }
  return out + '"';
}

std::string list(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const auto& item : items) (out += out.size() > 1 ? "," : "") += item;
  return out + "]";
}

class Object {
 public:
  void text(std::string_view name, std::string_view value) { raw(name, quoted(value)); }
  void number(std::string_view name, long long value) { raw(name, std::to_string(value)); }
  void raw(std::string_view name, std::string_view json) {
    (text_ += text_.empty() ? "{" : ",") += quoted(name);
    (text_ += ":") += json;
  }
  std::string done() const { return text_.empty() ? "{}" : text_ + "}"; }

 private:
  std::string text_;
};

std::string slurp(const char* path) {
  std::string out;
  int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return out;
  char buffer[4096];
  for (ssize_t n; (n = ::read(fd, buffer, sizeof buffer)) > 0;)
    out.append(buffer, static_cast<std::size_t>(n));
  ::close(fd);
  return out;
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0, end; at < text.size(); at = end + 1) {
    end = text.find('\n', at);
    if (end == std::string::npos) end = text.size();
    out.push_back(quoted(std::string_view(text).substr(at, end - at)));
  }
  return out;
}

std::vector<std::string> names_in(const char* path) {
  std::vector<std::string> out;
  DIR* dir = ::opendir(path);
  if (!dir) return out;
  while (const dirent* entry = ::readdir(dir))
    if (entry->d_name[0] != '.') out.emplace_back(entry->d_name);
  ::closedir(dir);
  return out;
}

std::string link_text(const std::string& path) {
  char buffer[4096];
  ssize_t n = ::readlink(path.c_str(), buffer, sizeof buffer);
  return n < 0 ? std::string() : std::string(buffer, static_cast<std::size_t>(n));
}

// The lines "Name:\tvalue" of /proc/self/status that tell about privilege.
void status(Object& out) {
  Object rows;
  std::string text = slurp("/proc/self/status");
  for (std::size_t at = 0, end; at < text.size(); at = end + 1) {
    end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    std::size_t colon = line.find(":\t");
    if (colon != std::string::npos) rows.text(line.substr(0, colon), line.substr(colon + 2));
  }
  out.raw("status", rows.done());
}

void limits(Object& out) {
  static const char* const kNames[] = {
      "CPU",     "FSIZE", "DATA",  "STACK",      "CORE",     "RSS",  "NPROC",  "NOFILE",
      "MEMLOCK", "AS",    "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME"};
  Object rows;
  for (int i = 0; i < 16; ++i) {
    rlimit limit{};
    if (::getrlimit(static_cast<__rlimit_resource_t>(i), &limit) != 0) continue;
    // -1 is "no limit".
    rows.raw(std::string("RLIMIT_") + kNames[i],
             list({std::to_string(static_cast<long long>(limit.rlim_cur)),
                   std::to_string(static_cast<long long>(limit.rlim_max))}));
  }
  out.raw("rlimits", rows.done());
}

void descriptors(Object& out) {
  Object rows;
  DIR* dir = ::opendir("/proc/self/fd");
  if (!dir) return;
  while (const dirent* entry = ::readdir(dir)) {
    if (entry->d_name[0] == '.' || std::atoi(entry->d_name) == ::dirfd(dir)) continue;
    rows.text(entry->d_name, link_text(std::string("/proc/self/fd/") + entry->d_name));
  }
  ::closedir(dir);
  out.raw("fds", rows.done());
}

void identity(Object& out) {
  out.number("pid", ::getpid());
  out.number("ppid", ::getppid());
  out.number("uid", ::getuid());
  out.number("gid", ::getgid());
  gid_t groups[256];
  int count = ::getgroups(256, groups);
  std::vector<std::string> ids;
  for (int i = 0; i < count; ++i) ids.push_back(std::to_string(groups[i]));
  out.raw("groups", list(ids));
  mode_t mask = ::umask(0);
  ::umask(mask);
  out.number("umask", mask);
  out.number("sid", ::getsid(0));
}

void scheduling(Object& out) {
  struct {  // man: sched_getattr(2)
    unsigned size, policy;
    unsigned long long flags;
    int nice;
    unsigned priority;
    unsigned long long runtime, deadline, period;
    unsigned util_min, util_max;
  } attr{};
  if (::syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0) == 0) {
    out.number("sched_policy", attr.policy);
    out.number("sched_flags", static_cast<long long>(attr.flags));
    out.number("sched_runtime", static_cast<long long>(attr.runtime));
    out.number("sched_deadline", static_cast<long long>(attr.deadline));
    out.number("sched_period", static_cast<long long>(attr.period));
    out.number("sched_nice", attr.nice);
    out.number("sched_priority", attr.priority);
  }
  out.number("ioprio", ::syscall(SYS_ioprio_get, 1, 0));
  out.number("personality", ::personality(0xffffffff));
  out.text("oom_score_adj", slurp("/proc/self/oom_score_adj"));
  out.number("securebits", ::prctl(PR_GET_SECUREBITS, 0, 0, 0, 0));
  int mode = -1;
  unsigned long nodes[16] = {};
  if (::syscall(SYS_get_mempolicy, &mode, nodes, 8 * sizeof nodes, nullptr, 0) == 0) {
    out.number("mempolicy", mode);
    out.number("memory_nodes", static_cast<long long>(nodes[0]));
  }
  out.number("no_new_privs", ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  out.number("pdeathsig", [] {
    int s = 0;
    ::prctl(PR_GET_PDEATHSIG, &s);
    return s;
  }());
}

void place(Object& out, const Args& argv) {
  char cwd[4096];
  out.text("cwd", ::getcwd(cwd, sizeof cwd) ? cwd : "");
  std::vector<std::string> args, env;
  for (const auto& arg : argv) args.push_back(quoted(arg));
  for (char** e = environ; *e; ++e) env.push_back(quoted(*e));
  out.raw("args", list(args));
  out.raw("env", list(env));
  utsname uts{};
  ::uname(&uts);
  out.text("hostname", uts.nodename);
  out.text("domainname", uts.domainname);
  Object spaces;
  for (const auto& name : names_in("/proc/self/ns"))
    spaces.text(name, link_text("/proc/self/ns/" + name));
  out.raw("namespaces", spaces.done());
  out.raw("mounts", list(lines(slurp("/proc/self/mountinfo"))));
  out.raw("cgroup", list(lines(slurp("/proc/self/cgroup"))));
  out.raw("timens_offsets", list(lines(slurp("/proc/self/timens_offsets"))));
  out.raw("uid_map", list(lines(slurp("/proc/self/uid_map"))));
  out.raw("gid_map", list(lines(slurp("/proc/self/gid_map"))));
  std::vector<std::string> dev;
  for (const auto& name : names_in("/dev")) dev.push_back(quoted(name));
  out.raw("dev", list(dev));
  winsize size{};
  out.number("tty", ::isatty(0) && ::ioctl(0, TIOCGWINSZ, &size) == 0);
  out.raw("winsize", list({std::to_string(size.ws_row), std::to_string(size.ws_col)}));
}

void see(const Args& argv) {
  Object out;
  identity(out);
  scheduling(out);
  status(out);
  limits(out);
  descriptors(out);
  place(out, argv);
  std::printf("%s\n", out.done().c_str());
  std::fflush(stdout);
}

long number(const Args& args, std::size_t at) {
  return args.size() > at ? std::strtol(args[at].c_str(), nullptr, 0) : 0;
}

int failed(const std::string& what) {
  std::fprintf(stderr, "probe: %s: %s\n", what.c_str(), strerrorname_np(errno));
  return 1;
}

// alloc MB: takes and touches so much memory, says "got MB", and goes on until a signal.
int alloc(const Args& args) {
  auto bytes = static_cast<std::size_t>(number(args, 0)) << 20;
  auto* memory = static_cast<volatile char*>(std::malloc(bytes));
  if (!memory) return failed("alloc");
  for (std::size_t at = 0; at < bytes; at += 4096) memory[at] = 1;
  std::printf("got %ld\n", number(args, 0));
  return 0;
}

// busy SECONDS: computes for so much wall-clock time, prints the CPU milliseconds that it got.
int busy(const Args& args) {
  timespec now{}, cpu{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const long until = now.tv_sec * 1000 + now.tv_nsec / 1000000 + number(args, 0) * 1000;
  do ::clock_gettime(CLOCK_MONOTONIC, &now);
  while (now.tv_sec * 1000 + now.tv_nsec / 1000000 < until);
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  std::printf("%ld\n", static_cast<long>(cpu.tv_sec * 1000 + cpu.tv_nsec / 1000000));
  return 0;
}

// exit N
int leave(const Args& args) { return static_cast<int>(number(args, 0)); }

// wait: says "ready", sleeps until a signal that ends it.
int wait(const Args&) {
  std::printf("ready\n");
  std::fflush(stdout);
  for (;;) ::pause();
}

volatile sig_atomic_t caught = 0;

// catch: says "ready", prints "signal N size ROWS COLS" of the first signal that can be caught,
// ends.
int catch_one(const Args&) {
  for (int s = 1; s < 65; ++s)
    if (s != SIGCHLD) ::signal(s, [](int n) { caught = n; });
  std::printf("ready\n");
  std::fflush(stdout);
  sigset_t none;
  sigemptyset(&none);
  while (!caught) ::usleep(1000);
  winsize size{};
  ::ioctl(0, TIOCGWINSZ, &size);
  std::printf("signal %d size %d %d\n", static_cast<int>(caught), size.ws_row, size.ws_col);
  return 0;
}

// syscall NR [ARG…]: prints "0", or the errno's name.
int call(const Args& args) {
  long result = ::syscall(number(args, 0), number(args, 1), number(args, 2), number(args, 3),
                          number(args, 4), number(args, 5), number(args, 6));
  std::printf("%s\n", result < 0 ? strerrorname_np(errno) : "0");
  return 0;
}

// nr NAME: the number of a system call on this architecture (only those that tests use).
int nr(const Args& args) {
  static const struct {
    const char* name;
    long number;
  } kCalls[] = {{"acct", SYS_acct}, {"personality", SYS_personality}};
  for (const auto& row : kCalls)
    if (!args.empty() && args[0] == row.name) return std::printf("%ld\n", row.number), 0;
  return 1;
}

// write PATH TEXT
int write_file(const Args& args) {
  if (args.size() < 2) return 2;
  int fd = ::open(args[0].c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0 || ::write(fd, args[1].data(), args[1].size()) < 0) return failed(args[0]);
  return 0;
}

// read PATH: copies the file to stdout.
int read_file(const Args& args) {
  int fd = args.empty() ? -1 : ::open(args[0].c_str(), O_RDONLY | O_CLOEXEC);
  char byte;
  if (fd < 0 || ::read(fd, &byte, 0) < 0) return failed(args.empty() ? "read" : args[0]);
  std::fputs(slurp(args[0].c_str()).c_str(), stdout);
  return 0;
}

// open-device PATH: opens it for reading and writing.
int open_device(const Args& args) {
  int fd = args.empty() ? -1 : ::open(args[0].c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  return fd < 0 ? failed(args.empty() ? "open" : args[0]) : 0;
}

// mknod PATH c|b MAJOR MINOR
int make_node(const Args& args) {
  if (args.size() < 4) return 2;
  mode_t type = args[1] == "b" ? S_IFBLK : S_IFCHR;
  dev_t device = static_cast<dev_t>((number(args, 2) << 8) | number(args, 3));
  return ::mknod(args[0].c_str(), type | 0600, device) == 0 ? 0 : failed(args[0]);
}

// fork N: starts children until N run or one fails; prints how many.
int fork_many(const Args& args) {
  long made = 0;
  std::vector<pid_t> children;
  for (; made < number(args, 0); ++made) {
    pid_t child = ::fork();
    if (child < 0) break;
    if (child == 0)
      for (;;) ::pause();
    children.push_back(child);
  }
  std::printf("%ld\n", made);
  for (pid_t child : children) ::kill(child, SIGKILL);
  return 0;
}

// notify LINE…: tells the socket of NOTIFY_SOCKET these lines, then waits.
int notify(const Args& args) {
  auto path = ::getenv("NOTIFY_SOCKET");
  if (!path) return failed("NOTIFY_SOCKET");
  struct sockaddr_un address {};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  std::string text;
  for (const auto& line : args) text += line + "\n";
  if (::sendto(fd, text.data(), text.size(), 0, reinterpret_cast<struct sockaddr*>(&address),
               sizeof address) < 0)
    return failed("sendto");
  for (;;) ::pause();
}

const struct {
  std::string_view word;
  int (*deed)(const Args&);
} kDeeds[] = {{"alloc", alloc},     {"busy", busy},
              {"exit", leave},      {"wait", wait},
              {"catch", catch_one}, {"syscall", call},
              {"nr", nr},           {"write", write_file},
              {"read", read_file},  {"open-device", open_device},
              {"mknod", make_node}, {"fork", fork_many},
              {"notify", notify}};

}  // namespace

int main(int argc, char** argv) {
  Args args(argv, argv + argc);
  if (argc < 2) return see(args), 0;
  for (const auto& row : kDeeds)
    if (row.word == args[1]) return row.deed(Args(args.begin() + 2, args.end()));
  if (args[1] == "see") return see(args), 0;  // further arguments are shown as they came
  std::fprintf(stderr, "probe: unknown word %s\n", argv[1]);
  return 2;
}
