#include "base/command_line.h"

#include <exception>
#include <string>

#include "base/error_text.h"
#include "base/json_text.h"
#include "base/standard_descriptors.h"

namespace smc {
namespace {

// A path or a list of values fits.
constexpr std::size_t kShown = 400;

// CLI11 says of every wrong first word that a subcommand is required.
std::string no_command_problem(int argc, const char* const* argv) {
  if (argc < 2) return "no command is given";
  const std::string word = argv[1];
  return (word.starts_with('-') ? "unknown option '" : "unknown command '") +
         printable(word, kShown) + "'";
}

}  // namespace

std::optional<ExitCode> parse_command_line(CLI::App& app, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      app.exit(error);
      return ExitCode::kDone;
    }
    const auto commands = app.get_subcommands();
    const std::string command = commands.empty() ? "" : " " + commands.front()->get_name();
    print_error(app.get_name(), {commands.empty() ? no_command_problem(argc, argv)
                                                  : printable(error.what(), kShown),
                                 0, app.get_name() + command + " --help"});
    return ExitCode::kUsage;
  }
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
