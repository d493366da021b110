// What a completion offers, told by the names of values and words.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "cli/outline.h"

namespace cli {

enum class Offer { Nothing, Choices, Files, Folders, Containers, Images };

// "DIR", "ID|DIR": folders; "FILE", "SOCKET", "PATH": files; "CONTAINER" and "IMAGE": what the
// program lists. A word of ours that is none of them offers nothing.
Offer offer_of(const std::string& name, const std::vector<std::string>& choices);

// The values that there are: an option's or a word's choices, the signals.
std::vector<std::string> choices_of(const std::string& name,
                                    const std::vector<std::string>& choices);

// The program and its commands, one after the other; the program's own name is "", that of a
// command in a group "volume create".
struct Place {
  std::string command{};
  const Command& here;
};
std::vector<Place> places(const Command& program);

// The names of the commands that are made of commands.
std::vector<std::string> groups(const Command& program);

// The place of the first word that is another program's, and of whatever ends the options of this
// one: 99 where there is none.
std::size_t last_place_of_options(const Command& command);

// Options of the program that name a folder (--root, --store): what lists containers and images
// must hear of them.
std::vector<std::string> folder_options(const Command& program);

// The text with each "@name@" filled in.
std::string fill(std::string text, const std::vector<std::pair<std::string, std::string>>& values);

}  // namespace cli
