#include "base/command_tree.h"

namespace smc {
namespace {

// What stands between braces in CLI11's description of an option's type: "TEXT:{auto,on,off}".
std::vector<std::string> choices_in(const std::string& type) {
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return {};
  std::vector<std::string> choices(1);
  for (const char c : type.substr(open + 1, close - open - 1)) {
    if (c == ',')
      choices.emplace_back();
    else
      choices.back() += c;
  }
  return choices;
}

OptionText text_of(const CLI::Option& option) {
  OptionText text;
  if (!option.get_snames().empty()) text.short_name = "-" + option.get_snames().front();
  if (!option.get_lnames().empty()) text.long_name = "--" + option.get_lnames().front();
  if (text.short_name.empty() && text.long_name.empty())
    text.positional = option.get_name(true, false);
  text.description = option.get_description();
  text.environment = option.get_envname();
  text.default_value = option.get_default_str();
  text.choices = choices_in(option.get_type_name());
  text.takes_value = option.get_items_expected_max() > 0;
  text.required = option.get_required();
  return text;
}

CommandText text_of(const CLI::App& app) {
  CommandText text{app.get_name(), app.get_description(), {}};
  for (const CLI::Option* option : app.get_options())
    if (!option->get_group().empty()) text.options.push_back(text_of(*option));
  return text;
}

}  // namespace

CommandText program_text(const CLI::App& app) {
  return text_of(app);
}

std::vector<CommandText> command_texts(const CLI::App& app) {
  std::vector<CommandText> texts;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!command->get_group().empty()) texts.push_back(text_of(*command));
  return texts;
}

}  // namespace smc
