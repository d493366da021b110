#include <CLI/CLI.hpp>

#include "base/text.h"
#include "base/units.h"
#include "cli/refusal.h"
#include "runtime/cli_commands.h"

namespace runtime {
namespace {

using base::Status;

void add_pause(CLI::App& app, Choice& choice) {
  auto command =
      add_command(app, "pause", "freeze all processes of a container", "runtime pause c1");
  auto pause = std::make_shared<Pause>();
  add_id(command, pause->id);
  command->final_callback([pause, &choice] { choice.command = *pause; });
}

void add_resume(CLI::App& app, Choice& choice) {
  auto command = add_command(app, "resume", "thaw a paused container", "runtime resume c1");
  auto resume = std::make_shared<Resume>();
  add_id(command, resume->id);
  command->final_callback([resume, &choice] { choice.command = *resume; });
}

// A limit of the command line: its option, and how its text becomes a member of the resources.
struct Limit {
  const char* option = "";
  const char* value = "";
  const char* what = "";  // empty: hidden
  Status (*set)(const std::string& text, spec::Resources& out) = nullptr;
};

template <class T>
T& made(std::optional<T>& block) {
  if (!block) block.emplace();
  return *block;
}

template <class T>
Status set_number(const std::string& text, std::optional<T>& out) {
  out = base::parse<T>(text);
  if (!out) return base::usage_error("must be a whole number in range, got ", base::quote(text));
  return {};
}

Status set_size(const std::string& text, std::optional<std::int64_t>& out) {
  out = -1;
  if (text != "-1") out = TRY(base::parse_size(text));
  return {};
}

using Text = const std::string&;
using Limits = spec::Resources;

// compat: runc's options, crun's for kernel memory.
constexpr Limit kLimits[] = {
    {"--blkio-weight", "WEIGHT", "relative weight of disk access, 10 to 1000",
     [](Text t, Limits& r) { return set_number(t, made(r.block_io).weight); }},
    {"--cpu-period", "MICROSECONDS", "period that the quota is for",
     [](Text t, Limits& r) { return set_number(t, made(r.cpu).period); }},
    {"--cpu-quota", "MICROSECONDS", "processor time in each period; -1: no limit",
     [](Text t, Limits& r) { return set_number(t, made(r.cpu).quota); }},
    {"--cpu-burst", "MICROSECONDS", "unused time that may be used later",
     [](Text t, Limits& r) { return set_number(t, made(r.cpu).burst); }},
    {"--cpu-share", "SHARES", "relative weight of processor time",
     [](Text t, Limits& r) { return set_number(t, made(r.cpu).shares); }},
    {"--cpu-rt-period", "MICROSECONDS", "period of realtime tasks",
     [](Text t, Limits& r) { return set_number(t, made(r.cpu).realtime_period); }},
    {"--cpu-rt-runtime", "MICROSECONDS", "time of realtime tasks in each period",
     [](Text t, Limits& r) { return set_number(t, made(r.cpu).realtime_runtime); }},
    {"--cpuset-cpus", "LIST", "processors to run on, such as 0-2,4",
     [](Text t, Limits& r) {
       made(r.cpu).cpus = t;
       return Status();
     }},
    {"--cpuset-mems", "LIST", "memory nodes to use, such as 0-1",
     [](Text t, Limits& r) {
       made(r.cpu).mems = t;
       return Status();
     }},
    {"--cpu-idle", "0|1", "1: run only when nobody else wants to",
     [](Text t, Limits& r) { return set_number(t, made(r.cpu).idle); }},
    {"--memory", "SIZE", "limit of memory, such as 512M; -1: none",
     [](Text t, Limits& r) { return set_size(t, made(r.memory).limit); }},
    {"--memory-reservation", "SIZE", "memory that is left to it when there is little; -1: none",
     [](Text t, Limits& r) { return set_size(t, made(r.memory).reservation); }},
    {"--memory-swap", "SIZE", "limit of memory and swap together; -1: none",
     [](Text t, Limits& r) { return set_size(t, made(r.memory).swap); }},
    {"--pids-limit", "COUNT", "most processes and threads; -1: no limit",
     [](Text t, Limits& r) { return set_number(t, made(r.pids).limit); }},
    {"--kernel-memory", "SIZE", "",
     [](Text t, Limits& r) { return set_size(t, made(r.memory).kernel); }},
    {"--kernel-memory-tcp", "SIZE", "",
     [](Text t, Limits& r) { return set_size(t, made(r.memory).kernel_tcp); }},
};
constexpr std::size_t kLimitCount = std::size(kLimits);

// The limits that the line gives, or the refusal of one.
Status take_limits(const CLI::App& command, const std::vector<std::string>& texts,
                   spec::Resources& out) {
  for (std::size_t i = 0; i < kLimitCount; ++i)
    if (command.count(kLimits[i].option))
      TRY(kLimits[i].set(texts[i], out), "update: ", kLimits[i].option);
  return {};
}

void add_update(CLI::App& app, Choice& choice) {
  auto command = add_command(app, "update", "change the limits of a container",
                             "runtime update --memory 512M --cpu-quota 50000 c1");
  auto update = std::make_shared<Update>();
  auto texts = std::make_shared<std::vector<std::string>>(kLimitCount);
  auto& options = update->options;
  command
      ->add_option("-r,--resources", options.resources_file,
                   "file with resources as JSON, - for standard input; the rest is then ignored")
      ->option_text("FILE");
  for (std::size_t i = 0; i < kLimitCount; ++i) {
    auto option = command->add_option(kLimits[i].option, (*texts)[i], kLimits[i].what);
    option->option_text(kLimits[i].value);
    if (!*kLimits[i].what) option->group("");
  }
  command->add_option("--l3-cache-schema", options.l3_cache_schema, "Intel RDT: share of the cache")
      ->option_text("SCHEMA");
  command->add_option("--mem-bw-schema", options.mem_bw_schema, "Intel RDT: share of the bandwidth")
      ->option_text("SCHEMA");
  add_id(command, options.id);
  command->final_callback([=, &choice] {
    if (update->options.resources_file.empty()) {
      auto taken = take_limits(*command, *texts, update->options.wanted);
      if (!taken) {
        choice.refusal = cli::with_help(*command, taken.error().text());
        return;
      }
    } else {
      update->options.l3_cache_schema.clear();
      update->options.mem_bw_schema.clear();
    }
    choice.command = *update;
  });
}

void add_events(CLI::App& app, Choice& choice) {
  auto command = add_command(app, "events",
                             "print what containers use, and when memory runs out, as JSON lines",
                             "runtime events --interval 2s c1");
  auto events = std::make_shared<Events>();
  auto interval = std::make_shared<std::string>("5s");
  auto& options = events->options;
  command->add_option("--interval", *interval, "time between two lines: 500ms, 5s, 1m30s")
      ->option_text("TIME")
      ->capture_default_str();
  command->add_flag("--stats", options.stats, "what it uses now, once");
  command->add_flag("-a,--all", options.all, "every container that runs, also a later one");
  command->add_option("CONTAINER", options.ids, "ids of containers")->option_text("CONTAINER...");
  command->final_callback([=, &choice] {
    auto refuse = [&](const std::string& why) {
      choice.refusal = cli::with_help(*command, base::cat("events: ", why));
    };
    auto time = base::parse_duration(*interval);
    if (!time) return refuse(base::cat("--interval: ", time.error().text()));
    if (time.value().count() == 0) return refuse("--interval: must be above zero");
    if (events->options.all != events->options.ids.empty())
      return refuse(events->options.all ? "--all stands instead of ids"
                                        : "CONTAINER or --all is required");
    events->options.interval = time.value();
    choice.command = *events;
  });
}

}  // namespace

void add_resources(CLI::App& app, Choice& choice) {
  add_pause(app, choice);
  add_resume(app, choice);
  add_update(app, choice);
  add_events(app, choice);
}

}  // namespace runtime
