// What containers use, once or again and again.
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "cli/table.h"
#include "engine/commands.h"
#include "engine/look_commands.h"
#include "engine/phase.h"
#include "engine/runtime_calls.h"
#include "engine/usage.h"
#include "fs/files.h"
#include "fs/proc.h"
#include "sys/file.h"
#include "sys/terminal.h"

namespace engine {
namespace {

using base::Result;

constexpr int kInterval = 1000;  // milliseconds between two looks. compat: docker stats
constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t forward_clock() {
  struct timespec time {};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

std::uint64_t machine_memory() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

struct Row {
  std::string id{};
  std::string name{};
  Usage before{};
  Usage now{};
};

Result<Usage> measure(const Context& context, const Container& container) {
  auto log = base::cat(container.run_path(), "/stats-", ::getpid(), ".log");
  auto call = runtime_command(context, log, {"events", "--stats", container.record.id});
  auto answer = programs::run(call, {}, {}, programs::Errors::Answer);
  auto error = runtime_error(log, answer ? answer.value().err : std::string());
  (void)sys::unlinkat(base::FdRef::cwd(), log);
  auto got = TRY(std::move(answer));
  if (got.exit_code != 0) return error;
  auto out = TRY(read_usage(got.out));
  out.when = forward_clock();
  const auto& record = container.record;
  if (record.network.mode == NetworkMode::Host) return out;  // the interfaces are not its own
  auto proc = TRY(fs::Proc::open());
  auto text = proc.read(base::cat(record.state.init.pid, "/net/dev"));
  if (text) add_network(text.value(), out);
  return out;
}

// Those that are named, or all that run.
Result<std::vector<Container>> chosen(const Context& context, const StatsCommand& command) {
  if (!command.containers.empty()) {
    std::vector<Container> out;
    for (const auto& name : command.containers) out.push_back(TRY(Containers(context).find(name)));
    return out;
  }
  auto out = TRY(Containers(context).list());
  std::erase_if(out, [](const Container& one) {
    auto phase = phase_now(one);
    return !phase || (phase.value() != Phase::Running && phase.value() != Phase::Paused);
  });
  return out;
}

Result<std::vector<Row>> look(const Context& context, const StatsCommand& command,
                              const std::vector<Row>& before) {
  std::vector<Row> out;
  for (const auto& container : TRY(chosen(context, command))) {
    const auto& record = container.record;
    Row row{.id = record.id, .name = record.name};
    auto phase = TRY(phase_now(container));
    if (phase == Phase::Running || phase == Phase::Paused) {
      auto usage = measure(context, container);
      // It may have ended just now.
      if (usage) row.now = usage.value();
    }
    row.before = row.now;
    for (const auto& former : before)
      if (former.id == row.id) row.before = former.now;
    out.push_back(std::move(row));
  }
  return out;
}

std::uint64_t limit_of(const Usage& usage) {
  auto all = machine_memory();
  return usage.memory_limit == 0 ? all : std::min(usage.memory_limit, all);
}

double memory_percent(const Usage& usage) {
  return static_cast<double>(usage.memory) * 100 / static_cast<double>(limit_of(usage));
}

std::string table(const std::vector<Row>& rows) {
  std::vector<std::vector<std::string>> cells{{"CONTAINER ID", "NAME", "CPU %", "MEM USAGE / LIMIT",
                                               "MEM %", "NET I/O", "BLOCK I/O", "PIDS"}};
  for (const auto& row : rows) {
    const auto& use = row.now;
    cells.push_back(
        {row.id.substr(0, 12), row.name, show_percent(cpu_percent(row.before, use)) + "%",
         base::cat(show_binary(use.memory), " / ", show_binary(limit_of(use))),
         show_percent(memory_percent(use)) + "%",
         base::cat(show_decimal(use.received), " / ", show_decimal(use.sent)),
         base::cat(show_decimal(use.read), " / ", show_decimal(use.written)), base::cat(use.pids)});
  }
  return cli::table(cells);
}

std::string json_lines(const std::vector<Row>& rows) {
  std::string out;
  for (const auto& row : rows) {
    const auto& use = row.now;
    auto one = base::Json::object();
    one.set("id", row.id);
    one.set("name", row.name);
    one.set("cpuPercent", cpu_percent(row.before, use));
    one.set("cpuNanoseconds", use.cpu);
    one.set("memory", use.memory);
    one.set("memoryLimit", limit_of(use));
    one.set("memoryPercent", memory_percent(use));
    one.set("received", use.received);
    one.set("sent", use.sent);
    one.set("read", use.read);
    one.set("written", use.written);
    one.set("pids", use.pids);
    out += base::dump(one) + "\n";
  }
  return out;
}

base::Status wait_a_while() {
  auto ready = sys::poll({}, kInterval);
  if (!ready && ready.error().code() != EINTR) return std::move(ready).error();
  return {};
}

}  // namespace

Result<int> execute(const Context& context, const StatsCommand& command) {
  // A share of time needs two looks.
  auto rows = TRY(look(context, command, {}), "stats");
  bool terminal = sys::isatty(base::FdRef::inherited(1));
  constexpr const char* kHomeAndClear = "\033[H\033[J";
  for (;;) {
    TRY(wait_a_while());
    rows = TRY(look(context, command, rows), "stats");
    bool redraw = terminal && !command.once && !command.json;
    auto text = command.json ? json_lines(rows) : table(rows);
    TRY(print(base::cat(redraw ? kHomeAndClear : "", text)));
    if (command.once) return 0;
  }
}

}  // namespace engine
