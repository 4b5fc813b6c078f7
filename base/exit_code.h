// The exit codes of the programs; others act on them. Values, safe on any thread.
#pragma once

namespace smc {

enum class ExitCode {
  kDone = 0,         // done, or fell back as asked and said so
  kUsage = 1,        // wrong command line, or an unknown code to explain
  kNotPossible = 2,  // a precondition does not hold; `check`: something failed
  kRefused = 3,      // the kernel refused a step
  kFellBack = 4,     // set up, but the self-test found TCP
  kFault = 4,        // `syn-check`: what is on the way breaks SMC's TCP option
};

constexpr int exit_status(ExitCode code) {
  return static_cast<int>(code);
}

}  // namespace smc
