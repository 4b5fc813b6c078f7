// Usage errors as every program of ours says them.
#include "base/command_line.h"

#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace smc {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

struct Parsed {
  std::optional<ExitCode> ended;
  std::string out;
  std::string err;
  std::string file;
};

// smc-x [--version] (check --file FILE | version)
Parsed parse(std::vector<const char*> words) {
  words.insert(words.begin(), "/usr/bin/smc-x");
  CLI::App app("what it does", "smc-x");
  app.require_subcommand(1);
  Parsed parsed;
  app.add_subcommand("check", "")->add_option("--file", parsed.file)->required();
  app.add_subcommand("version", "");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  parsed.ended = parse_command_line(app, static_cast<int>(words.size()), words.data());
  parsed.out = testing::internal::GetCapturedStdout();
  parsed.err = testing::internal::GetCapturedStderr();
  return parsed;
}

TEST(CommandLine, ThatIsRightGoesOn) {
  const Parsed parsed = parse({"check", "--file", "f"});
  EXPECT_FALSE(parsed.ended);
  EXPECT_EQ(parsed.file, "f");
  EXPECT_EQ(parsed.out + parsed.err, "");
}

TEST(CommandLine, HelpAndVersionAreDoneOnStandardOutput) {
  for (const std::vector<const char*>& words :
       {std::vector<const char*>{"--help"}, {"check", "--help"}, {"--version"}}) {
    const Parsed parsed = parse(words);
    EXPECT_EQ(parsed.ended, ExitCode::kDone);
    EXPECT_NE(parsed.out, "");
    EXPECT_EQ(parsed.err, "");
  }
}

TEST(CommandLine, ThatIsWrongIsNamedWithTheHelpToAskFor) {
  const struct {
    std::vector<const char*> words;
    const char* err;
  } cases[] = {
      {{}, "no command is given\nhint: smc-x --help\n"},
      {{"chek"}, "unknown command 'chek'\nhint: smc-x --help; did you mean 'check'?\n"},
      {{"other"}, "unknown command 'other'\nhint: smc-x --help\n"},
      {{"chek", "--file", "f"},
       "unknown command 'chek'\nhint: smc-x --help; did you mean 'check'?\n"},
      {{""}, "unknown command ''\nhint: smc-x --help\n"},
      {{"a\nb"}, "unknown command 'a?b'\nhint: smc-x --help\n"},
      {{"--file", "f"}, "unknown option '--file'\nhint: smc-x --help\n"},
      {{"check"}, "--file is required\nhint: smc-x check --help\n"},
      {{"check", "--file"}, "--file: 1 required TEXT missing\nhint: smc-x check --help\n"},
      {{"check", "--file", "f", "more"},
       "The following argument was not expected: more\nhint: smc-x check --help\n"},
      {{"check", "--file", "f", "version"},
       "The following argument was not expected: version\nhint: smc-x check --help\n"},
  };
  for (const auto& [words, err] : cases) {
    const Parsed parsed = parse(words);
    EXPECT_EQ(parsed.ended, ExitCode::kUsage) << err;
    EXPECT_EQ(parsed.err, std::string("smc-x: error: ") + err);
    EXPECT_THAT(parsed.out, IsEmpty());
  }
}

TEST(RunProgram, ReturnsTheExitCode) {
  EXPECT_EQ(run_program("smc-x", [] { return 2; }), 2);
}

TEST(RunProgram, SaysAnException) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_program("smc-x", []() -> int { throw std::runtime_error("no memory"); }), 3);
  const std::string err = testing::internal::GetCapturedStderr();
  EXPECT_THAT(err, HasSubstr("smc-x: error: no memory\nhint: "));
}

}  // namespace
}  // namespace smc
