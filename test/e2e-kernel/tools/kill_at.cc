// smc-kill-at: ends a program with SIGKILL just before its N-th call that changes something, so
// that a test can stop it between any two of its steps.
//
//   smc-kill-at N PROGRAM [ARGUMENT]...
//
// Counted are, over all threads: messages sent, writes but to standard output and error, files
// opened for writing, renamed or removed, and sockets bound or connected. Exits 137 and names the
// call when the program was ended, with the program's own status when it made fewer calls.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace smc::e2e {
namespace {

struct Call {
  uint64_t number;
  std::string_view name;
};
constexpr std::array kChanging{
    Call{SYS_sendto, "sendto"},       Call{SYS_sendmsg, "sendmsg"},
    Call{SYS_sendmmsg, "sendmmsg"},   Call{SYS_write, "write"},
    Call{SYS_writev, "writev"},       Call{SYS_pwrite64, "pwrite64"},
    Call{SYS_openat, "openat"},       Call{SYS_renameat, "renameat"},
    Call{SYS_renameat2, "renameat2"}, Call{SYS_unlinkat, "unlinkat"},
    Call{SYS_ftruncate, "ftruncate"}, Call{SYS_unshare, "unshare"},
    Call{SYS_setns, "setns"},         Call{SYS_connect, "connect"},
#ifdef SYS_open  // newer architectures have their successors alone
    Call{SYS_open, "open"},           Call{SYS_rename, "rename"},
    Call{SYS_unlink, "unlink"},
#endif
};

bool opens_for_writing(uint64_t flags) {
  return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0;
}

// The call that the thread is about to make, if it is one that counts.
const Call* changing_call(const __ptrace_syscall_info& info) {
  const auto* call = std::find_if(kChanging.begin(), kChanging.end(),
                                  [&](const Call& known) { return known.number == info.entry.nr; });
  if (call == kChanging.end()) return nullptr;
  const bool is_write = call->number == SYS_write || call->number == SYS_writev;
  if (is_write && (info.entry.args[0] == STDOUT_FILENO || info.entry.args[0] == STDERR_FILENO))
    return nullptr;
  if (call->number == SYS_openat && !opens_for_writing(info.entry.args[2])) return nullptr;
#ifdef SYS_open
  if (call->number == SYS_open && !opens_for_writing(info.entry.args[1])) return nullptr;
#endif
  return call;
}

// Traces until the program has ended. Returns the exit status.
int trace(pid_t program, uint64_t kill_at) {
  uint64_t calls = 0;
  while (true) {
    int status = 0;
    const pid_t thread = ::waitpid(-1, &status, __WALL);
    if (thread < 0) return 1;
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      if (thread != program) continue;
      if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);  // as a shell reports it
      std::fprintf(stderr, "ended by itself after %llu calls\n",
                   static_cast<unsigned long long>(calls));
      return WEXITSTATUS(status);
    }
    int deliver = 0;
    if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
      __ptrace_syscall_info info{};
      ::ptrace(static_cast<__ptrace_request>(PTRACE_GET_SYSCALL_INFO), thread, sizeof(info), &info);
      const Call* call = info.op == PTRACE_SYSCALL_INFO_ENTRY ? changing_call(info) : nullptr;
      if (call != nullptr && ++calls == kill_at) {
        std::fprintf(stderr, "ended before call %llu, %s\n", static_cast<unsigned long long>(calls),
                     call->name.data());
        ::kill(program, SIGKILL);  // the kernel then leaves out the call that it reports
      }
    } else if (status >> 16 == 0 && WSTOPSIG(status) != SIGSTOP && WSTOPSIG(status) != SIGTRAP) {
      deliver = WSTOPSIG(status);
    }
    ::ptrace(PTRACE_SYSCALL, thread, nullptr, static_cast<long>(deliver));
  }
}

int run(int argc, char** argv) {
  const uint64_t kill_at = argc > 2 ? std::strtoull(argv[1], nullptr, 10) : 0;
  if (kill_at == 0) {
    std::fputs("usage: smc-kill-at N PROGRAM [ARGUMENT]...\n", stderr);
    return 2;
  }
  const pid_t program = ::fork();
  if (program < 0) return 1;
  if (program == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    ::execvp(argv[2], argv + 2);
    std::fprintf(stderr, "%s: %s\n", argv[2], std::strerror(errno));
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(program, &status, 0);
  ::ptrace(PTRACE_SETOPTIONS, program, nullptr,
           static_cast<long>(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                             PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL));
  ::ptrace(PTRACE_SYSCALL, program, nullptr, 0L);
  return trace(program, kill_at);
}

}  // namespace
}  // namespace smc::e2e

int main(int argc, char** argv) {
  return smc::e2e::run(argc, argv);
}
