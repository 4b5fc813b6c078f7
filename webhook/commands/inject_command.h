// `smc-webhook inject -f MANIFEST [-o OUT]`. One thread.
#pragma once

#include <iosfwd>
#include <string>

#include "webhook/config/config.h"

namespace smc::webhook {

// Reads the manifest (of standard input for "-") and writes it as the cluster would have it to the
// file `output`, or to `out` where that is empty or "-". Every pod's decision, and what else the
// manifest says about SMC and does not get, goes to `err`. Returns the exit code: 0 done; 2 for a
// manifest that cannot be read, of which nothing is written, and for a file that cannot be written
// (output_file.h says what is left then).
int inject_command(const Config& config, const std::string& manifest, const std::string& output,
                   std::ostream& out, std::ostream& err);

}  // namespace smc::webhook
