#include "test/support/child.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"

namespace smc::test {
namespace {

// Longer than any program that ends by itself takes under a sanitizer.
constexpr std::chrono::seconds kPatience{60};

constexpr std::size_t kMaxOutput = 64 << 20;

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

// The test's own environment but for what the program's options read, then what the test adds.
std::vector<std::string> environment_of(const ChildOptions& options) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (!std::string_view(*entry).starts_with("SMC_")) all.emplace_back(*entry);
  for (const auto& [name, value] : options.environment) all.push_back(name + "=" + value);
  return all;
}

// In the child, between fork and exec.
[[noreturn]] void become(const std::vector<char*>& arguments, const std::vector<char*>& environment,
                         const std::array<int, 3>& streams, rlim_t max_files) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int i = 0; i < 3; ++i) ::dup2(streams[static_cast<std::size_t>(i)], i);
  const rlimit limit{max_files, max_files};
  if (max_files != 0) ::setrlimit(RLIMIT_NOFILE, &limit);
  ::execve(arguments.front(), arguments.data(), environment.data());
  ::_exit(127);
}

}  // namespace

Child::Child(const std::string& program, const ChildOptions& options) {
  if (!write_file_atomic(directory_.file("in"), options.input, 0600))
    throw std::runtime_error("write standard input");
  const Fd in(::open(directory_.file("in").c_str(), O_RDONLY | O_CLOEXEC));
  const int how = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
  const Fd out(::open(directory_.file("out").c_str(), how, 0600));
  const Fd err(::open(directory_.file("err").c_str(), how, 0600));

  std::vector<std::string> words = {program};
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
  std::vector<std::string> variables = environment_of(options);
  const std::vector<char*> arguments = pointers(words);
  const std::vector<char*> environment = pointers(variables);
  pid_ = ::fork();
  if (pid_ == 0)
    become(arguments, environment, {in.get(), out.get(), err.get()}, options.max_files);
  if (pid_ < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
}

Child::~Child() {
  if (code_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Child::signal(int number) const {
  if (!code_) ::kill(pid_, number);
}

std::optional<int> Child::wait(std::chrono::milliseconds limit) {
  if (code_) return code_;
  // glibc 2.36 declares pidfd_open for C alone
  const Fd ended(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  pollfd readable{ended.get(), POLLIN, 0};
  if (::poll(&readable, 1, static_cast<int>(limit.count())) != 1) return std::nullopt;
  int status = 0;
  ::waitpid(pid_, &status, 0);
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return code_;
}

std::chrono::milliseconds Child::processor_time() const {
  const auto stat = read_file("/proc/" + std::to_string(pid_) + "/stat", 1 << 16);
  if (!stat) throw std::runtime_error(stat.error().text());
  std::istringstream fields(stat->substr(stat->rfind(')') + 2));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;  // proc(5) counts from 1: utime is the 14th
  long user = 0;
  long system = 0;
  fields >> user >> system;
  return std::chrono::milliseconds((user + system) * 1000 / ::sysconf(_SC_CLK_TCK));
}

std::size_t Child::peak_bytes() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6)) << 10;
  throw std::runtime_error("no VmHWM");
}

std::string Child::written(const std::string& name) const {
  const auto content = read_file(directory_.file(name), kMaxOutput);
  if (!content) throw std::runtime_error(content.error().text());
  return *content;
}

Ran run(const std::string& program, const ChildOptions& options) {
  Child child(program, options);
  const auto code = child.wait(kPatience);
  return {code.value_or(-1), child.out(), child.err()};
}

}  // namespace smc::test
