// What a program's help shows, as plain values for those who write it in another form: completions
// and the manual page. Safe on any thread.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace smc {

struct OptionText {
  std::string short_name;  // "-f"; may be empty
  std::string long_name;   // "--filename"; may be empty
  std::string positional;  // "FILE" of an argument without a name; else empty
  std::string description;
  std::string environment;           // the variable that stands for it; may be empty
  std::string default_value;         // may be empty
  std::vector<std::string> choices;  // the only values there are; empty where any may be
  bool takes_value = false;
  bool required = false;
};

struct CommandText {
  std::string name;
  std::string description;
  std::vector<OptionText> options;
};

// Of the program itself (its own options), and of each command that its help shows.
CommandText program_text(const CLI::App& app);
std::vector<CommandText> command_texts(const CLI::App& app);

}  // namespace smc
