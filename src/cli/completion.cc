#include "cli/completion.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "base/text.h"
#include "cli/options.h"

namespace cli {

void add_completion(CLI::App& app, std::string& text) {
  auto program = app.get_name();
  auto command = add_command(app, "completion", "print a script for a shell's completion",
                             base::cat("source <(", program, " completion bash)"));
  auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(one_of({"bash", "zsh", "fish"}));
  command->final_callback([shell, &app, &text] {
    auto all = outline(app);
    text = *shell == "bash"  ? bash_completion(all)
           : *shell == "zsh" ? zsh_completion(all)
                             : fish_completion(all);
  });
}

}  // namespace cli
