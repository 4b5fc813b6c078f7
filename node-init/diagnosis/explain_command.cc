#include "node-init/diagnosis/explain_command.h"

#include <cstdio>

#include "base/error_text.h"

namespace smc::node {

bool say_unknown_code(const char* program, const AskedCode& asked) {
  char number[11];
  std::snprintf(number, sizeof number, "0x%08x", asked.code);
  print_error(program, {"no fallback code " + std::string(number) + " is known", 0,
                        "kernels newer than 6.12 may have more, see net/smc/smc_clc.h"});
  return false;
}

ExitCode run_explain(const char* program, const std::string& text) {
  const auto codes = parse_asked_codes(text);
  if (!codes) {
    print_error(program, codes.error());
    return ExitCode::kUsage;
  }
  if (codes->empty()) std::puts("this connection did not fall back");
  bool all_known = true;
  for (const AskedCode& asked : *codes) {
    if (const auto words = explained(asked))
      std::fputs(words->c_str(), stdout);
    else
      all_known = say_unknown_code(program, asked);
  }
  return all_known ? ExitCode::kDone : ExitCode::kUsage;
}

}  // namespace smc::node
