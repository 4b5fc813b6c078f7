// How every program says an error: its name and what was tried on one line, `hint:` with what the
// reader can do on its own line. Safe on any thread.
//
//   smc-node-init: error: open /proc/net/smc: Permission denied (errno 13)
//   hint: run it as root
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace smc {

// Each line with its line break; the hint's only where the error has one.
std::string error_text(std::string_view program, const Error& error);

// The same on standard error.
void print_error(std::string_view program, const Error& error);

}  // namespace smc
