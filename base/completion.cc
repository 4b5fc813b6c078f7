#include <algorithm>

#include "base/command_texts.h"

namespace smc {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::vector<std::string> names_of(const std::vector<CommandText>& commands) {
  std::vector<std::string> names;
  for (const CommandText& command : commands) names.push_back(command.name);
  return names;
}

std::vector<std::string> names_of(const CommandText& command) {
  std::vector<std::string> names;
  for (const OptionText& option : command.options)
    for (const std::string& name : {option.short_name, option.long_name})
      if (!name.empty()) names.push_back(name);
  return names;
}

std::string function_name(const std::string& program) {
  std::string name = "_" + program;
  std::ranges::replace(name, '-', '_');
  return name;
}

// Within single quotes of a POSIX shell.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// The part of a pattern list that matches an option's names: "-f|--filename".
std::string pattern(const OptionText& option) {
  const bool both = !option.short_name.empty() && !option.long_name.empty();
  return option.short_name + (both ? "|" : "") + option.long_name;
}

std::string bash(const CLI::App& app) {
  const std::vector<CommandText> commands = command_texts(app);
  const std::string function = function_name(app.get_name());
  std::string out = "# bash completion for " + app.get_name() + "\n" + function +
                    "() {\n"
                    "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
                    "  local words=\n"
                    "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                    "    words=" +
                    quoted(joined(names_of(commands)) + " " + joined(names_of(program_text(app)))) +
                    "\n  else\n    case ${COMP_WORDS[1]} in\n";
  for (const CommandText& command : commands) {
    out += "      " + command.name + ")\n        case $before in\n";
    for (const OptionText& option : command.options) {
      if (option.takes_value && !option.positional.empty()) continue;
      if (option.takes_value)
        out +=
            "          " + pattern(option) + ") words=" + quoted(joined(option.choices)) + " ;;\n";
    }
    std::vector<std::string> words = names_of(command);
    for (const OptionText& option : command.options)
      if (!option.positional.empty())
        words.insert(words.end(), option.choices.begin(), option.choices.end());
    out += "          *) words=" + quoted(joined(words)) + " ;;\n        esac\n        ;;\n";
  }
  return out +
         "    esac\n  fi\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
         "complete -o default -F " +
         function + " " + app.get_name() + "\n";
}

// A description within the brackets of an _arguments specification.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_value(const OptionText& option) {
  if (!option.takes_value) return {};
  return option.choices.empty() ? ":value:_files" : ":value:(" + joined(option.choices) + ")";
}

std::string zsh_arguments(const CommandText& command) {
  std::string out = "_arguments";
  for (const OptionText& option : command.options) {
    if (!option.positional.empty()) out += " " + quoted("*" + zsh_value(option));
    for (const std::string& name : {option.short_name, option.long_name})
      if (!name.empty())
        out += " \\\n        " +
               quoted(name + "[" + zsh_text(option.description) + "]" + zsh_value(option));
  }
  return out;
}

std::string zsh(const CLI::App& app) {
  std::string out = "#compdef " + app.get_name() + "\n" + function_name(app.get_name()) +
                    "() {\n  if (( CURRENT == 2 )); then\n    local -a commands=(\n";
  const std::vector<CommandText> commands = command_texts(app);
  for (const CommandText& command : commands)
    out += "      " + quoted(command.name + ":" + zsh_text(command.description)) + "\n";
  for (const OptionText& option : program_text(app).options)
    out += "      " + quoted(option.long_name + ":" + zsh_text(option.description)) + "\n";
  out +=
      "    )\n    _describe command commands\n    return\n  fi\n  shift words\n"
      "  (( CURRENT-- ))\n  case $words[1] in\n";
  for (const CommandText& command : commands)
    out += "    " + command.name + ")\n      " + zsh_arguments(command) + "\n      ;;\n";
  return out + "  esac\n}\ncompdef " + function_name(app.get_name()) + " " + app.get_name() + "\n";
}

std::string fish_option(const OptionText& option) {
  std::string out;
  if (!option.short_name.empty()) out += " -s " + option.short_name.substr(1);
  if (!option.long_name.empty()) out += " -l " + option.long_name.substr(2);
  if (option.takes_value) out += " -r";
  if (!option.choices.empty()) out += " -f -a " + quoted(joined(option.choices));
  return out + " -d " + quoted(option.description);
}

std::string fish(const CLI::App& app) {
  const std::string begin = "complete -c " + app.get_name();
  std::string out = "# fish completion for " + app.get_name() + "\n";
  for (const OptionText& option : program_text(app).options)
    out += begin + " -n __fish_use_subcommand" + fish_option(option) + "\n";
  for (const CommandText& command : command_texts(app)) {
    out += begin + " -f -n __fish_use_subcommand -a " + command.name + " -d " +
           quoted(command.description) + "\n";
    const std::string here = begin + " -n " + quoted("__fish_seen_subcommand_from " + command.name);
    for (const OptionText& option : command.options) {
      if (option.positional.empty())
        out += here + fish_option(option) + "\n";
      else if (!option.choices.empty())
        out += here + " -f -a " + quoted(joined(option.choices)) + "\n";
    }
  }
  return out;
}

}  // namespace

std::string completion_script(const CLI::App& app, const std::string& shell) {
  return shell == "zsh" ? zsh(app) : shell == "fish" ? fish(app) : bash(app);
}

}  // namespace smc
