// Every option of a program is in each of its shells' completions and in its manual page, with what
// its help says.
#include "base/command_texts.h"

#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/edit_distance.h"
#include "base/file.h"
#include "test/support/child.h"
#include "test/support/temporary_directory.h"

namespace smc {
namespace {

using smc::test::Ran;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;

const char* const kPrograms[] = {"smc-webhook",    "smc-certs", "smc-node-init",
                                 "smc-node-agent", "smc-bench", "kubectl-smc"};

Ran run(const std::string& program, std::vector<std::string> arguments) {
  return smc::test::run(SMC_BIN_DIR "/" + program, {.arguments = std::move(arguments)});
}

std::set<std::string> found(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::set<std::string> out;
  for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at)
    out.insert(at->str(1));
  return out;
}

// Of "  serve   answer the API server's reviews".
std::set<std::string> commands_of(const std::string& program) {
  const std::string help = run(program, {"--help"}).out;
  return found(help.substr(help.find("ubcommands:")), "\n  ([a-z][a-z-]*) ");
}

std::set<std::string> options_of(const std::string& help) {
  return found(help, "\n  (?:-[a-z],? ?)?(--[a-z0-9-]+)");
}

TEST(CommandTexts, EveryCommandAndOptionOfEveryProgramIsInEachText) {
  for (const std::string program : kPrograms) {
    const std::string texts[] = {
        run(program, {"completion", "bash"}).out, run(program, {"completion", "zsh"}).out,
        run(program, {"completion", "fish"}).out,
        std::regex_replace(run(program, {"man"}).out, std::regex(R"(\\-)"), "-")};
    const std::set<std::string> commands = commands_of(program);
    EXPECT_THAT(commands, IsSupersetOf({"completion"})) << program;
    std::set<std::string> options = options_of(run(program, {"--help"}).out);
    EXPECT_THAT(options, IsSupersetOf({"--help", "--version"})) << program;
    for (const std::string& command : commands) {
      const std::set<std::string> more = options_of(run(program, {command, "--help"}).out);
      EXPECT_FALSE(more.empty()) << program << ' ' << command;
      options.insert(more.begin(), more.end());
      for (const std::string& text : texts)
        EXPECT_THAT(text, HasSubstr(command)) << program << ' ' << command;
    }
    for (const std::string& option : options) {
      for (const std::string& text : texts) {
        const bool is_fish = text.starts_with("# fish");
        EXPECT_THAT(text, HasSubstr(is_fish ? "-l " + option.substr(2) : option)) << program;
      }
    }
  }
}

TEST(CommandTexts, VersionIsAFlagOfEveryProgram) {
  for (const std::string program : kPrograms) {
    const Ran ran = run(program, {"--version"});
    EXPECT_EQ(ran.code, 0);
    EXPECT_TRUE(std::regex_match(ran.out, std::regex(program + " [0-9.]+\n"))) << ran.out;
  }
}

class BashCompletion : public testing::Test {
 protected:
  // What bash offers at the end of a line of these words.
  std::set<std::string> offered(const std::string& program, const std::string& words) const {
    const std::string script = directory_.file("completion");
    EXPECT_TRUE(write_file_atomic(script, run(program, {"completion", "bash"}).out, 0600));
    const Ran ran = smc::test::run(
        "/bin/bash",
        {.arguments = {"-c",
                       "source \"$1\"; COMP_WORDS=(" + words +
                           "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); \"$2\"; printf '%s\\n' "
                           "\"${COMPREPLY[@]}\"",
                       "bash", script, "_" + std::regex_replace(program, std::regex("-"), "_")}});
    EXPECT_EQ(ran.err, "");
    return found("\n" + ran.out, "\n?([^\n]+)\n?");
  }

  smc::test::TemporaryDirectory directory_;
};

TEST_F(BashCompletion, OffersCommandsOptionsAndWords) {
  EXPECT_THAT(offered("smc-webhook", "smc-webhook inj"), ElementsAre("inject"));
  EXPECT_THAT(offered("smc-webhook", "smc-webhook inject --f"), ElementsAre("--filename"));
  EXPECT_THAT(offered("smc-webhook", "smc-webhook inject -f ''"), ElementsAre())
      << "files, which bash offers itself";
  EXPECT_THAT(offered("smc-webhook", "smc-webhook completion ''"),
              IsSupersetOf({"bash", "fish", "zsh"}));
  EXPECT_THAT(offered("smc-node-init", "smc-node-init pod --on-failure ''"),
              ElementsAre("fail", "fallback"));
}

TEST(ManualPage, HasTheSectionsOfOneAndTheEnvironment) {
  const std::string page = run("smc-webhook", {"man"}).out;
  for (const char* part : {".TH SMC\\-WEBHOOK 1 ", "\n.SH NAME\nsmc\\-webhook \\- ",
                           "\n.SH SYNOPSIS\n", "\n.SS \\fBsmc\\-webhook\\fR \\fBserve\\fR",
                           "\nEnvironment: \\fBSMC_WEBHOOK_CONFIG\\fR\n", "\n.SH EXIT STATUS\n"})
    EXPECT_THAT(page, HasSubstr(part));
}

TEST(ManualPage, TextThatLooksLikeTroffIsText) {
  CLI::App app("does \\n. 'x'", "smc-x");
  app.add_subcommand("run", ".start\n'quoted")->add_option("--a,-b", "back\\slash")->required();
  const std::string page = manual_page(app);
  EXPECT_THAT(page, HasSubstr("smc\\-x \\- does \\en. 'x'\n"));
  EXPECT_THAT(page, HasSubstr("\n\\&.start\n\\&'quoted\n"));
  EXPECT_THAT(page,
              HasSubstr("\\fB\\-b\\fR, \\fB\\-\\-a\\fR \\fIVALUE\\fR\nback\\eslash (required)\n"));
}

TEST(EditDistance, CountsInsertionsRemovalsAndReplacements) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("inject", "injcet"), 2u);
  EXPECT_EQ(edit_distance("serve", "server"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

}  // namespace
}  // namespace smc
