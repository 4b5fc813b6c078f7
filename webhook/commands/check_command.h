// `smc-webhook check-config FILE`. One thread.
#pragma once

#include <iosfwd>
#include <string>

namespace smc::webhook {

// Says on `err` every mistake of the configuration file, one a line. Returns the exit code: 0 good
// (and said so on `out`), 2 not.
int check_config_command(const std::string& path, std::ostream& out, std::ostream& err);

}  // namespace smc::webhook
