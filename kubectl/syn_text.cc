#include "kubectl/syn_text.h"

#include "base/json_text.h"
#include "base/json_value.h"
#include "kubectl/objects.h"
#include "kubectl/text.h"

namespace smc::kubectl {
namespace {

using nlohmann::json;

std::string word_at(const json& object, const char* place) {
  const std::string found = shown_at(object, place);
  return found.empty() ? "-" : found;
}

std::string tries(const json& probe) {
  const auto found = probe.find("tries");
  return found != probe.end() && found->is_number_integer() ? found->dump() : "-";
}

std::string address_text(const json& address) {
  std::string out = word_at(address, "/address") + ": " + word_at(address, "/verdict");
  if (const std::string why = text_at(address, "/why"); !why.empty())
    out += ": " + printable(why, kMaxShown);
  out += "\n";
  Table table{{"  PROBE", "TRIES", "ANSWER", "OPTION 254"}, {}};
  for (const json& probe : items_of(address, "probes"))
    table.rows.push_back({"  " + word_at(probe, "/probe"), tries(probe), word_at(probe, "/answer"),
                          word_at(probe, "/option254")});
  return table.rows.empty() ? out : out + table.text();
}

}  // namespace

std::string syn_text(const json& answer, const std::string& pod) {
  std::string out = "from " + pod + " to " + word_at(answer, "/target") + "\n";
  for (const json& address : items_of(answer, "addresses")) out += address_text(address);
  out += "verdict: " + word_at(answer, "/verdict") + "\n";
  return out + hint_line(shown_at(answer, "/hint"), 0);
}

ExitCode syn_exit_code(const json& answer) {
  const auto found = answer.find("exit");
  if (found == answer.end() || !found->is_number_integer()) return ExitCode::kNotPossible;
  switch (found->get<int>()) {
    case 0:
      return ExitCode::kDone;
    case 4:
      return ExitCode::kFault;
    default:
      return ExitCode::kNotPossible;
  }
}

}  // namespace smc::kubectl
