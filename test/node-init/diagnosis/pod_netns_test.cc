// Pods' network namespaces and names, with children that have both of their own as containers do.
#include "node-init/diagnosis/pod_netns.h"

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "node-init/diagnosis/resolver_config.h"
#include "node-init/diagnosis/syn_target.h"
#include "test/support/shell.h"
#include "test/support/temporary_directory.h"

namespace smc::node {
namespace {

using test::Outcome;
using test::run;
using testing::HasSubstr;

const std::string kNodeInit = std::string(SMC_BIN_DIR) + "/smc-node-init";

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

// In a network namespace of the test, whose loopback device is up.
class PodNetns : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    may_unshare = ::unshare(CLONE_NEWNET) == 0;
    if (!may_unshare) return;
    const Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request = {};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK;
    ASSERT_EQ(::ioctl(fd.get(), SIOCSIFFLAGS, &request), 0);
  }
  void SetUp() override {
    if (!may_unshare) GTEST_SKIP() << "this user may not make a network namespace";
  }
  static inline bool may_unshare = false;
};

// A child in a network namespace and a root directory of its own, as a container is.
class Container {
 public:
  explicit Container(const std::string& root) {
    std::array<int, 2> ready{};
    EXPECT_EQ(::pipe(ready.data()), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const bool moved = ::unshare(CLONE_NEWNET) == 0 && ::chroot(root.c_str()) == 0;
      (void)!::write(ready[1], moved ? "y" : "n", 1);
      while (true) ::pause();
    }
    char moved = 'n';
    EXPECT_EQ(::read(ready[0], &moved, 1), 1);
    EXPECT_EQ(moved, 'y');
    ::close(ready[0]);
    ::close(ready[1]);
  }
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;
  ~Container() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::string pid() const { return std::to_string(pid_); }

 private:
  pid_t pid_ = -1;
};

TEST_F(PodNetns, InItSynCheckTakesThePodsPath) {
  const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(9000);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 8), 0);
  const test::TemporaryDirectory root;
  const Container container(root.path());
  EXPECT_EQ(run(kNodeInit + " syn-check 127.0.0.1:9000").status, 0);
  for (const std::string& name : {container.pid(), "/proc/" + container.pid() + "/ns/net"}) {
    const Outcome outcome = run(kNodeInit + " syn-check 127.0.0.1:9000 --pod-netns " + name);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.out, HasSubstr("find a route to 127.0.0.1"));
  }
}

TEST_F(PodNetns, HasThePodsResolvConfAndNothingOutsideItsRoot) {
  const test::TemporaryDirectory root;
  std::filesystem::create_directory(root.file("etc"));
  const std::string file = root.file("etc/resolv.conf");
  const test::TemporaryDirectory outside;
  std::ofstream(outside.file("secret")) << "not the pod's";
  const Container container(root.path());
  EXPECT_EQ(pod_resolv_conf(container.pid()), std::nullopt);
  std::filesystem::create_symlink(outside.file("secret"), file);
  EXPECT_EQ(pod_resolv_conf(container.pid()), std::nullopt);
  std::filesystem::remove(file);
  std::filesystem::create_symlink("../../../../../.." + outside.file("secret"), file);
  EXPECT_EQ(pod_resolv_conf(container.pid()), std::nullopt);
  std::filesystem::remove(file);
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  EXPECT_EQ(pod_resolv_conf(container.pid()), std::nullopt);
  std::filesystem::remove(file);
  std::ofstream(file) << "nameserver 10.0.0.10\n";
  EXPECT_EQ(pod_resolv_conf(container.pid()), "nameserver 10.0.0.10\n");
  EXPECT_EQ(pod_resolv_conf("/proc/" + container.pid() + "/ns/net"), "nameserver 10.0.0.10\n");
  EXPECT_EQ(pod_resolv_conf("/run/netns/" + container.pid()), std::nullopt);
}

// A name server that knows one name, on 127.0.0.1:53 of the test's namespace.
class NameServer {
 public:
  NameServer() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in address = loopback(53);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) answer();
    });
  }

 private:
  void answer() const {
    pollfd readable = {socket_.get(), POLLIN, 0};
    if (::poll(&readable, 1, 20) <= 0) return;
    std::array<char, 512> buffer{};
    sockaddr_in client = {};
    socklen_t size = sizeof client;
    const ssize_t n = ::recvfrom(socket_.get(), buffer.data(), buffer.size(), 0,
                                 reinterpret_cast<sockaddr*>(&client), &size);
    std::string reply(buffer.data(), static_cast<std::size_t>(n));
    const std::string known("\6server\2ns\3svc\4test\0\0\1\0\1", 24);
    const bool is_known = reply.compare(12, known.size(), known) == 0;
    reply.resize(reply.find('\0', 12) + 5);  // header and question
    reply[2] = static_cast<char>(0x81);      // an answer
    reply[3] = static_cast<char>(is_known ? 0x80 : 0x83);
    reply.replace(6, 6, std::string("\0\0\0\0\0\0", 6));
    if (is_known) {
      reply[7] = 1;
      reply += std::string("\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x0a\x09\0\7", 16);
    }
    ::sendto(socket_.get(), reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&client),
             size);
  }

  Fd socket_;
  std::jthread thread_;
};

TEST_F(PodNetns, ANameMeansWhatThePodsNameServerSays) {
  const NameServer server;
  const auto config =
      parse_resolv_conf("search ns.svc.test svc.test\nnameserver 127.0.0.1\noptions ndots:5\n");
  const auto found = resolve_ipv4(*parse_syn_target("server:80"), &config);
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_THAT(*found, testing::ElementsAre(0x0a090007));
  EXPECT_TRUE(resolve_ipv4(*parse_syn_target("server.ns.svc.test.:80"), &config));
  EXPECT_FALSE(resolve_ipv4(*parse_syn_target("other:80"), &config));
}

TEST(ResolvConf, IsReadAsResolvConf5Says) {
  const ResolverConfig config = parse_resolv_conf(
      "# by the kubelet\ndomain first\nsearch a.b  c\nnameserver 10.0.0.10\nnameserver fd00::1\n"
      "nameserver 10.0.0.11\nnameserver 10.0.0.12\nnameserver 10.0.0.13\noptions timeout:1 "
      "ndots:99\n");
  EXPECT_THAT(config.servers, testing::ElementsAre(0x0a00000a, 0x0a00000b, 0x0a00000c));
  EXPECT_THAT(config.search, testing::ElementsAre("a.b", "c"));
  EXPECT_EQ(config.ndots, 15);
  EXPECT_EQ(parse_resolv_conf("").ndots, 1);
  EXPECT_EQ(parse_resolv_conf("search 1 2 3 4 5 6 7 8").search.size(), 6);
}

}  // namespace
}  // namespace smc::node
