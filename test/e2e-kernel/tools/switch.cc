// smc-switch: what the agent does to its BPF switch, by hand, where there is no cluster that tells
// the agent which pods to set up; and what programs get of it.
//
//   smc-switch on         puts this network namespace on the list
//   smc-switch many N     puts N new ones on it, each with a process, and keeps them until it ends
//   smc-switch count      how many are on it
//   smc-switch older      has a program of another version in the agent's place, with its list
//   smc-switch sockets S  opens sockets for S seconds: {"smc": 1234, "tcp": 0}
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error_text.h"
#include "node-init/bpf/bpf_objects.h"
#include "node-init/bpf/bpf_switch.h"
#include "node-init/kernel/system.h"

namespace smc::e2e {
namespace {

using node::BpfSwitch;

constexpr int kIpprotoSmc = 256;

[[noreturn]] void fail(const Error& error) {
  print_error("smc-switch", error);
  std::exit(1);
}

void turn_on(node::System& system, BpfSwitch& bpf_switch) {
  const auto cookie = system.net_namespace_cookie();
  if (!cookie) fail(cookie.error());
  struct stat space = {};
  if (::stat("/proc/self/ns/net", &space) != 0) fail({"look at the namespace", errno, {}});
  if (const auto added = bpf_switch.add({*cookie, space.st_ino}); !added) fail(added.error());
}

void keep_many(node::System& system, BpfSwitch& bpf_switch, int number) {
  int done[2];
  if (::pipe(done) != 0) fail({"make a pipe", errno, {}});
  for (int i = 0; i < number; ++i) {
    const pid_t child = ::fork();
    if (child < 0) fail({"fork", errno, {}});
    char byte = 'x';
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::unshare(CLONE_NEWNET) != 0) fail({"make a network namespace", errno, {}});
      turn_on(system, bpf_switch);
      if (::write(done[1], &byte, 1) != 1) ::_exit(1);
      while (true) ::pause();
    }
    if (::read(done[0], &byte, 1) != 1) fail({"wait for a child", errno, {}});
  }
  std::printf("%d more\n", number);
  std::fflush(stdout);
  while (true) ::pause();
}

// The same program under another name, and the agent's gone: as an agent of another version
// leaves it.
void install_older(node::Bpf& bpf) {
  const std::string directory = std::string(node::kBpfDirectory) + "/";
  const auto names = bpf.list(node::kBpfDirectory);
  if (!names) fail(names.error());
  std::string list;
  for (const std::string& name : *names)
    if (name.starts_with("namespaces-")) list = name;
  const node::BpfProgram program{node::program_switch_object(),
                                 "program_switch",
                                 {{"namespaces", directory + list, node::kMaxSwitchedNamespaces}}};
  const std::string older = "program_switch-00000000";
  if (const auto done = bpf.attach(program, directory + older); !done) fail(done.error());
  for (const std::string& name : *names)
    if (name.starts_with("program_switch-"))
      if (const auto done = bpf.remove(directory + name); !done) fail(done.error());
}

void open_sockets(node::System& system, std::chrono::seconds duration) {
  unsigned long smc = 0;
  unsigned long tcp = 0;
  const auto end = system.now() + duration;
  while (system.now() < end) {
    const auto protocol = system.stream_socket_protocol();
    if (!protocol) fail(protocol.error());
    ++(*protocol == kIpprotoSmc ? smc : tcp);
  }
  std::printf("{\"smc\": %lu, \"tcp\": %lu}\n", smc, tcp);
}

int run(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  const auto system = node::make_real_system();
  const auto bpf = node::make_real_bpf();
  BpfSwitch bpf_switch(*bpf);
  if (command == "on") {
    turn_on(*system, bpf_switch);
  } else if (command == "many" && argc == 3) {
    keep_many(*system, bpf_switch, std::atoi(argv[2]));
  } else if (command == "count") {
    const auto size = bpf_switch.size();
    if (!size) fail(size.error());
    std::printf("%zu\n", *size);
  } else if (command == "older") {
    install_older(*bpf);
  } else if (command == "sockets" && argc == 3) {
    open_sockets(*system, std::chrono::seconds(std::atoi(argv[2])));
  } else {
    std::fputs("usage: smc-switch on | many N | count | older | sockets SECONDS\n", stderr);
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace smc::e2e

int main(int argc, char** argv) {
  return smc::e2e::run(argc, argv);
}
