// What the command lines of all programs share: --version, `completion SHELL`, `man`, usage errors,
// and an end for what was thrown. For main.cc files and the main thread.
#pragma once

#include <functional>
#include <optional>

#include <CLI/CLI.hpp>

#include "base/exit_code.h"

namespace smc {

// Parses the command line of a program that has commands; `app` has the program's name, and as
// footer its exit codes. What all programs have is added to it. Nothing: the options are filled in,
// go on. Otherwise the program ends with this code: help, version, completion or manual page were
// asked for and are on standard output, or the command line is wrong, and standard error says why.
std::optional<ExitCode> parse_command_line(CLI::App& app, int argc, const char* const* argv);

// The exit status of `run`, which finds descriptors 0 to 2 open whatever the parent left. An
// exception that leaves it is a broken invariant or memory that is gone; it is said, and kRefused
// is the code.
int run_program(const char* program, const std::function<int()>& run);

}  // namespace smc
