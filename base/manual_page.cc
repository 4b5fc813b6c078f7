#include <algorithm>
#include <cctype>

#include "base/command_texts.h"
#include "base/version.h"

namespace smc {
namespace {

// Text as troff takes it literally: a "-" that can be copied, no line that begins a request.
std::string troff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n'))
      out.append("\\&").append(1, c);
    else
      out += c;
  }
  return out;
}

std::string bold(const std::string& text) {
  return "\\fB" + troff(text) + "\\fR";
}

std::string italic(const std::string& text) {
  return "\\fI" + troff(text) + "\\fR";
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// "VALUE", or the words there are: "auto|on|off".
std::string value_of(const OptionText& option) {
  std::string out;
  for (const std::string& choice : option.choices) out += (out.empty() ? "" : "|") + choice;
  return out.empty() ? "VALUE" : out;
}

std::string heading(const OptionText& option) {
  if (!option.positional.empty()) return italic(option.positional);
  std::string out = option.short_name.empty() ? "" : bold(option.short_name);
  if (!option.long_name.empty()) out += (out.empty() ? "" : ", ") + bold(option.long_name);
  return option.takes_value ? out + " " + italic(value_of(option)) : out;
}

std::string description(const OptionText& option) {
  std::string out = troff(option.description);
  if (option.required) out += " (required)";
  if (!option.default_value.empty()) out += "\n.br\nDefault: " + bold(option.default_value);
  if (!option.environment.empty()) out += "\n.br\nEnvironment: " + bold(option.environment);
  return out;
}

std::string options(const CommandText& command) {
  std::string out;
  for (const OptionText& option : command.options)
    out += ".TP\n" + heading(option) + "\n" + description(option) + "\n";
  return out;
}

std::string synopsis(const std::string& program, const CommandText& command) {
  std::string out = bold(program) + " " + bold(command.name) + " [" + italic("OPTION") + "]...";
  for (const OptionText& option : command.options)
    if (!option.positional.empty()) out += " " + italic(option.positional);
  return out;
}

}  // namespace

std::string manual_page(const CLI::App& app) {
  const std::string& program = app.get_name();
  const std::vector<CommandText> commands = command_texts(app);
  std::string out = ".TH " + upper(troff(program)) + " 1 \"\" \"smc\\-webhook " + troff(kVersion) +
                    "\"\n.SH NAME\n" + troff(program) + " \\- " + troff(app.get_description()) +
                    "\n.SH SYNOPSIS\n";
  for (const CommandText& command : commands) out += synopsis(program, command) + "\n.br\n";
  out += ".SH OPTIONS\n" + options(program_text(app)) + ".SH COMMANDS\n";
  for (const CommandText& command : commands)
    out += ".SS " + synopsis(program, command) + "\n" + troff(command.description) + "\n" +
           options(command);
  if (!app.get_footer().empty()) out += ".SH EXIT STATUS\n" + troff(app.get_footer()) + "\n";
  return out;
}

}  // namespace smc
