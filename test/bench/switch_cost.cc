// switch_cost [ROUNDS SOCKETS]: what the agent's BPF switch costs socket(2) and close(2) of a TCP
// socket, outside the namespaces on its list and inside. As root, on a kernel that can have the
// switch, with the module smc loaded; takes the switch away at its end.
//
// Each round measures every case once, and every other round turns the order of the two outside
// around, so that what the machine does beside meets them all. Each case is held against the same
// round's "outside, without the switch"; what is printed are the medians and quartiles of these
// ratios.
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
constexpr const char* kBase = "outside, without the switch";

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
    for (int round = 0; round < rounds; ++round) {
      if (round % 2 == 0) {
        without_the_switch(sockets);
        with_the_switch(sockets);
      } else {
        with_the_switch(sockets);
        without_the_switch(sockets);
      }
    }
    if (const auto removed = switch_.remove(); !removed) give_up(removed.error());
    print();
  }

 private:
  void without_the_switch(int sockets) {
    if (const auto removed = switch_.remove(); !removed) give_up(removed.error());
    add(kBase, measure(sockets, 0));
    add("a program's own IPPROTO_SMC", measure(sockets, kIpprotoSmc));
  }

  void with_the_switch(int sockets) {
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

  static double quantile(std::vector<double> all, double part) {
    std::ranges::sort(all);
    return all[static_cast<std::size_t>(static_cast<double>(all.size() - 1) * part)];
  }

  void print() const {
    const auto& base = cases_.at(kBase);
    for (const auto& [name, all] : cases_) {
      std::vector<double> ratios;
      for (std::size_t round = 0; round < all.size(); ++round)
        ratios.push_back(all[round] / base[round]);
      std::printf("%-30s %8.0f ns  ratio %.3f (%.3f to %.3f, %zu rounds)\n", name.c_str(),
                  quantile(all, 0.5), quantile(ratios, 0.5), quantile(ratios, 0.25),
                  quantile(ratios, 0.75), ratios.size());
    }
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
