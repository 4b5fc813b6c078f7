// A program's command line in other forms than its help: a shell's completion, the manual page.
// Pure functions, safe on any thread.
#pragma once

#include <string>

#include "base/command_tree.h"

namespace smc {

// The script that completes the program's commands and options in "bash", "zsh" or "fish". A value
// that is none of a few words is completed by the shell's own means, as a file's name.
std::string completion_script(const CLI::App& app, const std::string& shell);

// The manual page (section 1), as troff with the macros of man(7). The program's footer is its exit
// status.
std::string manual_page(const CLI::App& app);

}  // namespace smc
