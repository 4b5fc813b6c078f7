// smc-node-agent: prepares a node for SMC-R, watches and repairs it, and counts what SMC does in
// its pods.
#include "base/command_line.h"
#include "base/exit_code.h"
#include "node-init/agent/daemon/command_line.h"

int main(int argc, char** argv) {
  return smc::run_program(
      "smc-node-agent", [&] { return smc::exit_status(smc::node::run_command_line(argc, argv)); });
}
