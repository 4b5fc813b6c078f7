// The commands of smc-bench behind their command line: run, print, return the exit code. For the
// main thread.
#pragma once

#include <string>

#include "base/exit_code.h"
#include "bench/load.h"

namespace smc::bench {

struct ServerCommand {
  std::string listen = "0.0.0.0:8080";
  int threads = 1;
};

struct LoadCommand {
  std::string url;
  LoadOptions options;
  std::string expect;  // "tcp", "smc-r" or nothing
  std::string out;     // a file, "-", or nothing
};

struct WitnessCommand {
  std::string url;                         // of the load that another program makes
  std::chrono::milliseconds wait{60'000};  // for its first connection
  std::string out = "-";                   // a file, or "-"
};

struct CompareCommand {
  std::string before;
  std::string after;
  std::string html;
  std::string markdown;
};

// Until `stop` is readable.
ExitCode run_server(const ServerCommand& command, int stop);
// Ends early once `stop` is readable, with the result so far.
ExitCode run_load_command(LoadCommand command, int stop);
// Until the load's connections are closed, or `stop` is readable.
ExitCode run_witness(const WitnessCommand& command, int stop);
ExitCode run_compare(const CompareCommand& command);

}  // namespace smc::bench
