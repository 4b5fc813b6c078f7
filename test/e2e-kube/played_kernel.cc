// The node agent on a kernel that is played: its program, linked with this in place of the real
// kernel, for a cluster whose nodes have no RDMA device. It is a test's program: nothing installs
// it and no image holds it.
//
// Real are processes, control groups and network namespaces: which pod a namespace belongs to, the
// agent finds out for itself. Played, from tables, are SMC, RDMA and what a namespace has of them.
// SMC_PLAYED_KERNEL names a folder; $NODE_NAME.json in it is the test's:
//   {"device": true, "switch": true, "pods": {"4026532201": {"pnetid": "NODENET", "tcp2smc": 1}}}
// (an active RDMA device; every namespace has net.smc.tcp2smc; and by inode what the network
// namespaces of pods have, which else is what the agent made of them), and
// $NODE_NAME.tables.json is what the agent made of the kernel's tables, kept while agents come and
// go as a kernel keeps it:
//   {"ueids": ["SMC-E2E"], "pnetids": [{"pnetid": "…", "device": "rdma0", "port": 1}],
//    "pods": {"4026532201": {"pnetid": "…", "tcp2smc": 1}}}
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "node-init/agent/daemon/agent_system.h"
#include "node-init/agent/net_namespaces.h"
#include "node-init/kernel/program_switch.h"
#include "test/node-init/bpf/fake_bpf.h"
#include "test/node-init/kernel/fake_system.h"

namespace smc::node {
namespace {

using nlohmann::json;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

json read_json(const std::string& path) {
  const auto text = read_file(path, 1 << 20);
  return text ? json::parse(*text) : json::object();
}

// The tables are one thread's at a time: who visits a namespace has them until it has left.
class PlayedKernel final : public System {
 public:
  PlayedKernel() : folder_(environment("SMC_PLAYED_KERNEL")), node_(environment("NODE_NAME")) {
    machine_ = std::move(fake_.devices);
    rdma_ = std::move(fake_.rdma);
    machine_[0].ports[0].pnetid.clear();
    machine_[0].ports[0].pnetid_by_user = false;
    fake_.node().sysctls["/proc/sys/kernel/osrelease"] = "6.12.0\n";
    fake_.enter("node");
    load_tables();
  }

  Result<std::string> read_file(const std::string& path) override {
    const bool played = path.starts_with("/proc/sys/net/") || is_sys(path) ||
                        path == "/proc/sys/kernel/osrelease" ||
                        path.starts_with("/proc/thread-self/net/");
    const std::lock_guard lock(mutex_);
    return played ? fake_.read_file(path) : real_->read_file(path);
  }
  Result<std::vector<std::string>> list_directory(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    return is_sys(path) ? fake_.list_directory(path) : real_->list_directory(path);
  }
  Result<std::string> read_link(const std::string& path) override {
    const bool own = path == "/proc/thread-self/ns/net" || path == "/proc/self/ns/net";
    const std::lock_guard lock(mutex_);
    return own ? fake_.read_link(path) : real_->read_link(path);
  }
  Result<void> write_file(const std::string& path, const std::string& value) override {
    const std::lock_guard lock(mutex_);
    return fake_.write_file(path, value);
  }
  Result<std::unique_ptr<NetlinkSocket>> open_netlink(int protocol, std::uint32_t groups) override {
    const std::lock_guard lock(mutex_);
    follow_the_test();
    auto socket = fake_.open_netlink(protocol, groups);
    if (!socket) return socket;
    return std::unique_ptr<NetlinkSocket>(
        std::make_unique<SavingSocket>(*this, std::move(*socket)));
  }
  Result<std::unique_ptr<DirectoryEvents>> watch_directories() override {
    return real_->watch_directories();
  }
  Result<std::vector<VerbsDevice>> verbs_devices() override {
    const std::lock_guard lock(mutex_);
    return fake_.verbs_devices();
  }

  // The namespace is a real one; what it has of SMC is the test's word.
  Result<void> in_net_namespace(const std::string& path,
                                const std::function<Result<void>()>& body) override {
    const auto link = real_->read_link(path);
    if (!link) return link.error();
    const auto inode = namespace_inode(*link);
    const std::string number = std::to_string(inode.value_or(0));
    const std::lock_guard lock(mutex_);
    const json known = state();
    const json pods = known.value("pods", json::object());
    const json setup = pods.contains(number) ? pods[number] : made_.value(number, json::object());
    test::FakeNamespace& space = fake_.namespaces["visited"] = fake_.pod();
    space.id = *link;
    if (setup.contains("pnetid")) space.pnet_table = {{setup["pnetid"], "eth0", "", 0}};
    if (known.value("switch", false)) space.sysctls[kSwitchPath] = "0\n";
    if (setup.contains("tcp2smc")) space.sysctls[kSwitchPath] = setup["tcp2smc"].dump() + "\n";
    auto result = fake_.in_net_namespace("visited", body);
    if (!pods.contains(number)) keep_visited(number);
    return result;
  }
  Result<void> in_new_net_namespace(const std::function<Result<void>()>& body) override {
    const std::lock_guard lock(mutex_);
    return fake_.in_new_net_namespace(body);
  }
  Result<std::unique_ptr<SmcPair>> connect_smc_pair(const std::string& address,
                                                    std::chrono::milliseconds timeout) override {
    const std::lock_guard lock(mutex_);
    return fake_.connect_smc_pair(address, timeout);
  }
  Result<int> stream_socket_protocol() override { return real_->stream_socket_protocol(); }
  Result<std::uint64_t> net_namespace_cookie() override { return real_->net_namespace_cookie(); }
  Clock::time_point now() override { return real_->now(); }
  std::chrono::system_clock::time_point wall_time() override { return real_->wall_time(); }
  void sleep_for(std::chrono::milliseconds duration) override { real_->sleep_for(duration); }

 private:
  // Keeps the tables after every answer, as little as there is of them.
  class SavingSocket final : public NetlinkSocket {
   public:
    SavingSocket(PlayedKernel& kernel, std::unique_ptr<NetlinkSocket> socket)
        : kernel_(kernel), socket_(std::move(socket)) {}

    Result<void> send(std::string_view message) override {
      const std::lock_guard lock(kernel_.mutex_);
      auto sent = socket_->send(message);
      kernel_.save_tables();
      return sent;
    }
    Result<std::string> receive(std::chrono::milliseconds timeout) override {
      const std::lock_guard lock(kernel_.mutex_);
      return socket_->receive(timeout);
    }

   private:
    PlayedKernel& kernel_;
    std::unique_ptr<NetlinkSocket> socket_;
  };

  // The node's control groups are real.
  static bool is_sys(const std::string& path) {
    return path.starts_with("/sys/") && !path.starts_with("/sys/fs/cgroup");
  }

  // What the agent made of a pod's namespace.
  void keep_visited(const std::string& number) {
    test::FakeNamespace& space = fake_.namespaces["visited"];
    json made = json::object();
    for (const PnetEntry& row : space.pnet_table)
      if (row.interface == "eth0") made["pnetid"] = row.pnetid;
    if (const auto found = space.sysctls.find(kSwitchPath); found != space.sysctls.end())
      if (found->second == "1\n") made["tcp2smc"] = 1;
    if (made == made_.value(number, json::object())) return;
    made_[number] = std::move(made);
    save_tables();
  }

  std::string path(const char* ending) const { return folder_ + "/" + node_ + ending; }
  json state() const { return read_json(path(".json")); }

  // The device comes and goes with its entries.
  void follow_the_test() {
    const bool wanted = state().value("device", false);
    if (wanted == !fake_.devices.empty()) return;
    fake_.devices = wanted ? machine_ : std::vector<SmcDevice>{};
    fake_.rdma = wanted ? rdma_ : std::vector<RdmaDevice>{};
    if (!wanted) fake_.node().pnet_table.clear();
  }

  void load_tables() {
    const json tables = read_json(path(".tables.json"));
    fake_.devices.clear();
    fake_.rdma.clear();
    follow_the_test();
    made_ = tables.value("pods", json::object());
    fake_.ueids = tables.value("ueids", std::vector<std::string>{});
    for (const json& row : tables.value("pnetids", json::array())) {
      fake_.node().pnet_table.push_back({row["pnetid"], "", row["device"], row["port"]});
      if (fake_.devices.empty()) continue;
      fake_.devices[0].ports[0].pnetid = row["pnetid"];
      fake_.devices[0].ports[0].pnetid_by_user = true;
    }
  }

  void save_tables() {
    json tables = {{"ueids", fake_.ueids}, {"pnetids", json::array()}, {"pods", made_}};
    for (const PnetEntry& row : fake_.node().pnet_table)
      if (!row.ib_device.empty())
        tables["pnetids"].push_back(
            {{"pnetid", row.pnetid}, {"device", row.ib_device}, {"port", row.ib_port}});
    if (tables == saved_) return;
    // whole at any time: the next agent, or the test, may read it just then
    if (const auto kept = smc::write_file_atomic(path(".tables.json"), tables.dump(), 0644); !kept)
      throw std::runtime_error(kept.error().text());
    saved_ = tables;
  }

  const std::string folder_;
  const std::string node_;
  const std::unique_ptr<System> real_ = make_real_system();
  std::recursive_mutex mutex_;  // guards all below: a visit asks for more
  test::FakeSystem fake_;
  json made_ = json::object();      // by inode, what agents made of pods' namespaces
  std::vector<SmcDevice> machine_;  // what the test plugs in
  std::vector<RdmaDevice> rdma_;
  json saved_;
};

// The played kernel has no handshake control.
class NoLists final : public DestinationLists {
 public:
  Result<void> put(const Destinations&) override { return Error{"exclude", ENOTSUP, "see above"}; }
  ListUse use() override { return {}; }
  Result<void> keep(const std::set<std::uint64_t>&) override { return {}; }
  Result<bool> remove() override { return false; }
};

}  // namespace

std::unique_ptr<System> make_agent_system(const std::string&) {
  return std::make_unique<PlayedKernel>();
}

// Never attached: the played kernel has net.smc.tcp2smc, or is none that can have this switch.
std::unique_ptr<Bpf> make_agent_bpf() {
  return std::make_unique<test::FakeBpf>();
}

std::unique_ptr<DestinationLists> make_agent_lists(System&) {
  return std::make_unique<NoLists>();
}

}  // namespace smc::node
