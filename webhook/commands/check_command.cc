#include "webhook/commands/check_command.h"

#include <ostream>

#include "webhook/config/config.h"

namespace smc::webhook {

int check_config_command(const std::string& path, std::ostream& out, std::ostream& err) {
  // load_config takes no path for the defaults; here it is a file that is not there
  const Result<Config> config = load_config(path.empty() ? "./" : path);
  if (config) {
    out << path << ": good\n";
    return 0;
  }
  err << config.error().text() << "\n";
  return 2;
}

}  // namespace smc::webhook
