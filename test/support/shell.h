// A command line as a shell runs it, and what came of it. One test, one thread.
#pragma once

#include <array>
#include <cstdio>
#include <string>

#include <sys/wait.h>

namespace smc::test {

struct Outcome {
  int status = -1;  // of its exit; -1: a signal ended it
  std::string out;  // standard output and error
};

inline Outcome run(const std::string& command) {
  Outcome outcome;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return outcome;
  std::array<char, 4096> part{};
  while (const std::size_t n = std::fread(part.data(), 1, part.size(), pipe))
    outcome.out.append(part.data(), n);
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) outcome.status = WEXITSTATUS(status);
  return outcome;
}

}  // namespace smc::test
