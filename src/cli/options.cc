#include "cli/options.h"

#include "base/text.h"

namespace cli {

CLI::Validator one_of(const std::vector<std::string>& words) {
  auto check = [words](const std::string& given) {
    for (const auto& word : words)
      if (word == given) return std::string();
    return base::cat(base::quote(given), " is not one of ", base::join(words, ", "));
  };
  return CLI::Validator(check, base::cat("{", base::join(words, ","), "}"), "one_of");
}

CLI::Option* add_rest(CLI::App* command, const std::string& name, const std::string& shown,
                      const std::string& what) {
  return command->add_option(name, what)->expected(0)->option_text(shown);
}

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& what,
                      const std::string& example) {
  auto command = app.add_subcommand(name, what);
  command->footer("Example:\n  " + example);
  return command;
}

CLI::App* add_group(CLI::App& app, const std::string& name, const std::string& what) {
  auto group = app.add_subcommand(name, what);
  group->require_subcommand(1);
  return group;
}

}  // namespace cli
