#include "base/command_line.h"

#include <cstdio>
#include <exception>
#include <string>

#include "base/command_texts.h"
#include "base/edit_distance.h"
#include "base/error_text.h"
#include "base/json_text.h"
#include "base/standard_descriptors.h"
#include "base/version.h"

namespace smc {
namespace {

// A path or a list of values fits.
constexpr std::size_t kShown = 400;

// More typing mistakes than this, and another command was meant.
constexpr std::size_t kNear = 2;

constexpr const char* kCompletion = "completion";
constexpr const char* kManual = "man";
constexpr const char* kShell = "SHELL";

// CLI11 says of every wrong first word that a subcommand is required.
std::string no_command_problem(int argc, const char* const* argv) {
  if (argc < 2) return "no command is given";
  const std::string word = argv[1];
  return (word.starts_with('-') ? "unknown option '" : "unknown command '") +
         printable(word, kShown) + "'";
}

// With the command that was probably meant.
std::string help_hint(const CLI::App& app, int argc, const char* const* argv) {
  std::string hint = app.get_name() + " --help";
  if (argc < 2) return hint;
  for (const CommandText& command : command_texts(app))
    if (edit_distance(std::string_view(argv[1]).substr(0, kShown), command.name) <= kNear)
      return hint + "; did you mean '" + command.name + "'?";
  return hint;
}

// --version, `completion SHELL`, and `man` for those who package the program.
void add_common_commands(CLI::App& app) {
  app.set_version_flag("--version", app.get_name() + " " + kVersion, "print the version");
  app.add_subcommand(kCompletion, "a shell's completion script, on standard output")
      ->add_option(kShell, "the shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  app.add_subcommand(kManual, "the manual page, on standard output")->group("");
}

// Whether one of those was asked for, which then is on standard output.
bool print_common(const CLI::App& app) {
  const CLI::App* completion = app.get_subcommand(kCompletion);
  std::string text;
  if (completion->parsed())
    text = completion_script(app, completion->get_option(kShell)->as<std::string>());
  else if (app.get_subcommand(kManual)->parsed())
    text = manual_page(app);
  std::fputs(text.c_str(), stdout);
  return !text.empty();
}

ExitCode say_usage_error(const CLI::App& app, const CLI::ParseError& error, int argc,
                         const char* const* argv) {
  const auto commands = app.get_subcommands();
  Error said{no_command_problem(argc, argv), 0, help_hint(app, argc, argv)};
  if (!commands.empty())
    said = {printable(error.what(), kShown), 0,
            app.get_name() + " " + commands.front()->get_name() + " --help"};
  print_error(app.get_name(), said);
  return ExitCode::kUsage;
}

}  // namespace

std::optional<ExitCode> parse_command_line(CLI::App& app, int argc, const char* const* argv) {
  add_common_commands(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != static_cast<int>(CLI::ExitCodes::Success))
      return say_usage_error(app, error, argc, argv);
    app.exit(error);
    return ExitCode::kDone;
  }
  return print_common(app) ? std::optional(ExitCode::kDone) : std::nullopt;
}

int run_program(const char* program, const std::function<int()>& run) {
  reserve_standard_descriptors();
  try {
    return run();
  } catch (const std::exception& error) {
    print_error(program, {error.what(), 0, "this is a fault of the program: report it"});
    return exit_status(ExitCode::kRefused);
  }
}

}  // namespace smc
