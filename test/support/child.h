// A program as a child process: with its own environment and limits, its output in files, its end
// awaited. It does not outlive the test. One test, one thread.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/types.h>

#include "test/support/temporary_directory.h"

namespace smc::test {

struct ChildOptions {
  std::vector<std::string> arguments{};
  std::map<std::string, std::string> environment{};  // beside the test's own
  std::string input{};                               // standard input
  rlim_t max_files = 0;                              // RLIMIT_NOFILE, soft and hard; 0: the test's
};

class Child {
 public:
  // Throws where the program cannot be started.
  explicit Child(const std::string& program, const ChildOptions& options = {});
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  void signal(int number) const;

  // Its exit code, or 128 and the signal's number; nothing when it has not ended within `limit`.
  std::optional<int> wait(std::chrono::milliseconds limit);

  // What it has written so far.
  std::string out() const { return written("out"); }
  std::string err() const { return written("err"); }

  // User and system time so far.
  std::chrono::milliseconds processor_time() const;
  // The most memory that it ever had resident.
  std::size_t peak_bytes() const;

 private:
  std::string written(const std::string& name) const;

  TemporaryDirectory directory_;
  pid_t pid_ = -1;
  std::optional<int> code_;
};

// Of a program that ends by itself.
struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};

Ran run(const std::string& program, const ChildOptions& options);

}  // namespace smc::test
