// switch_cost [ROUNDS SOCKETS]: what the agent's BPF switch costs socket(2) and close(2) of a TCP
// socket, outside the namespaces on its list and inside. As root, on a kernel that can have the
// switch, with the module smc loaded; takes the switch away at its end.
//
// Each round measures every case once, so that what the machine does beside meets them all; the
// figures are medians.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error_text.h"
#include "node-init/bpf/bpf_switch.h"
#include "node-init/kernel/system.h"

namespace smc::node {
namespace {

constexpr int kIpprotoSmc = 256;

[[noreturn]] void give_up(const Error& error) {
  print_error("switch_cost", error);
  std::exit(1);
}

void open_and_close(int sockets, int protocol) {
  for (int i = 0; i < sockets; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, protocol);
    if (fd < 0) give_up({"open a socket", errno, "is the module smc loaded?"});
    ::close(fd);
  }
}

// Nanoseconds for one socket. What comes first has the caches to fill, and where a machine is
// emulated the code to translate that attaching the program has changed: it is not measured.
double measure(int sockets, int protocol) {
  open_and_close(sockets / 4, protocol);
  const auto begin = std::chrono::steady_clock::now();
  open_and_close(sockets, protocol);
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  return took.count() / sockets;
}

class Cost {
 public:
  void run(int rounds, int sockets) {
    for (int round = 0; round < rounds; ++round) one_round(sockets);
    if (const auto removed = switch_.remove(); !removed) give_up(removed.error());
    print();
  }

 private:
  void one_round(int sockets) {
    if (const auto removed = switch_.remove(); !removed) give_up(removed.error());
    add("outside, without the switch", measure(sockets, 0));
    add("a program's own IPPROTO_SMC", measure(sockets, kIpprotoSmc));
    if (const auto done = switch_.ensure(); !done) give_up(done.error());
    add("outside, with the switch", measure(sockets, 0));
    const auto inside = system_->in_new_net_namespace([&]() -> Result<void> {
      put_on_the_list();
      add("inside, with the switch", measure(sockets, 0));
      return {};
    });
    if (!inside) give_up(inside.error());
  }

  void put_on_the_list() {
    const auto cookie = system_->net_namespace_cookie();
    struct stat space = {};
    if (!cookie || ::stat("/proc/thread-self/ns/net", &space) != 0)
      give_up({"look at a namespace", errno, {}});
    if (const auto added = switch_.add({*cookie, space.st_ino}); !added) give_up(added.error());
  }

  void add(const std::string& name, double nanoseconds) { cases_[name].push_back(nanoseconds); }

  double median(const std::string& name) {
    auto& all = cases_.at(name);
    std::ranges::sort(all);
    return all[all.size() / 2];
  }

  void print() {
    const double base = median("outside, without the switch");
    for (const auto& [name, all] : cases_)
      std::printf("%-30s %8.0f ns  ratio %.3f\n", name.c_str(), median(name), median(name) / base);
  }

  const std::unique_ptr<System> system_ = make_real_system();
  const std::unique_ptr<Bpf> bpf_ = make_real_bpf();
  BpfSwitch switch_{*bpf_};
  std::map<std::string, std::vector<double>> cases_;
};

}  // namespace
}  // namespace smc::node

int main(int argc, char** argv) {
  const int rounds = argc == 3 ? std::atoi(argv[1]) : 21;
  const int sockets = argc == 3 ? std::atoi(argv[2]) : 5'000;
  smc::node::Cost().run(rounds, sockets);
}
