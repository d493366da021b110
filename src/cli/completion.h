// Scripts that complete a program's command line in a shell.
#pragma once
#include <string>

#include "cli/outline.h"

namespace cli {

// Each offers commands, options and choices with their explanations, files and folders, and the
// containers or images that the program lists, from the folder that the line names.
std::string bash_completion(const Command& program);
std::string zsh_completion(const Command& program);
std::string fish_completion(const Command& program);

// The command `completion bash|zsh|fish`: puts the script into `text`, which is to be printed.
void add_completion(CLI::App& app, std::string& text);

}  // namespace cli
