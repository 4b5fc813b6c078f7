#include "base/error_text.h"

#include <cstdio>

namespace smc {

std::string error_text(std::string_view program, const Error& error) {
  std::string text(program);
  text += ": error: " + error.text() + '\n';
  if (!error.hint.empty()) text += "hint: " + error.hint + '\n';
  return text;
}

void print_error(std::string_view program, const Error& error) {
  // stdout first, or a terminal shows the error before what led to it.
  std::fflush(stdout);
  std::fputs(error_text(program, error).c_str(), stderr);
}

}  // namespace smc
