#include "test/node-init/kernel/fake_system.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace smc::node::test {
namespace {

constexpr const char* kScratch = "scratch";

class FakeNetlinkSocket final : public NetlinkSocket {
 public:
  FakeNetlinkSocket(FakeSystem& system, int protocol) : system_(system), protocol_(protocol) {}

  Result<void> send(std::string_view message) override {
    for (std::string& datagram : system_.answer(protocol_, std::string(message)))
      queue_.push_back(std::move(datagram));
    return {};
  }
  Result<std::string> receive(std::chrono::milliseconds timeout) override {
    if (queue_.empty()) {
      system_.sleep_for(timeout);
      return Error{"wait for a netlink message", ETIMEDOUT, {}};
    }
    std::string datagram = std::move(queue_.front());
    queue_.pop_front();
    // Stands for a receive buffer that ran over.
    if (datagram == "ENOBUFS") return Error{"receive from netlink", ENOBUFS, {}};
    return datagram;
  }

 private:
  FakeSystem& system_;
  int protocol_;
  std::deque<std::string> queue_;
};

class FakePair final : public SmcPair {
 public:
  FakePair(std::uint64_t client, std::uint64_t server) : client_(client), server_(server) {}
  std::uint64_t client_inode() const override { return client_; }
  std::uint64_t server_inode() const override { return server_; }

 private:
  std::uint64_t client_;
  std::uint64_t server_;
};

FakeNamespace empty_namespace() {
  FakeNamespace made;
  made.sysctls = {{"/proc/sys/net/core/somaxconn", "4096\n"},
                  {"/proc/sys/kernel/osrelease", "5.10.134-17.3.al8.x86_64\n"}};
  made.links = {{1, "lo", "00:00:00:00:00:00", "", false, 0, false}};
  return made;
}

}  // namespace

FakeSystem::FakeSystem() {
  devices = {{"rdma0", {{1, "PNA", true, 2, true}}}};
  rdma = {{"rdma0", "CA", true, 0x1ded, 0x107f, {{1, true, "ACTIVE", "", 2}}}};
  set_gids("rdma0", 1, {{"RoCE v2", "0000:0000:0000:0000:0000:ffff:0a09:00fe"}});
  ueids = {"SMCV2-TEST"};
  FakeNamespace pod_namespace = empty_namespace();
  pod_namespace.links[0].up = true;
  pod_namespace.links.push_back({2, "eth0", "02:00:00:00:00:0b", "veth", true, 0, false});
  pod_namespace.addresses = {{1, "127.0.0.1", 8}, {2, "10.9.0.11", 24}};
  pod_namespace.default_route = 2;
  pod_namespace.sysctls["/proc/sys/net/ipv6/conf/eth0/disable_ipv6"] = "0\n";
  for (const char* name : {"rmem", "wmem", "autocorking_size"})
    pod_namespace.sysctls[std::string("/proc/sys/net/smc/") + name] = "65536\n";
  pod_namespace.sysctls["/proc/sys/net/smc/smcr_buf_type"] = "0\n";
  namespaces["pod"] = pod_namespace;
  FakeNamespace node_namespace = pod_namespace;
  node_namespace.id = "net:[4026531840]";
  node_namespace.sysctls["/proc/sys/net/core/netdev_max_backlog"] = "1000\n";
  node_namespace.sysctls["/proc/sys/net/smc/tcp2smc"] = "0\n";
  namespaces["node"] = std::move(node_namespace);
}

void FakeSystem::set_gids(const std::string& device, int port,
                          const std::vector<std::pair<std::string, std::string>>& gids) {
  const std::string base =
      "/sys/class/infiniband/" + device + "/ports/" + std::to_string(port) + "/";
  std::vector<std::string>& indices = directories[base + "gid_attrs/types"];
  indices.clear();
  for (const auto& [type, gid] : gids) {
    const std::string index = std::to_string(indices.size());
    files[base + "gid_attrs/types/" + index] = type + "\n";
    files[base + "gids/" + index] = gid + "\n";
    indices.push_back(index);
  }
  indices.emplace_back("255");  // an empty place, which cannot be read
}

class FakeSystem::FakeDirectoryEvents final : public DirectoryEvents {
 public:
  FakeDirectoryEvents(FakeSystem& system, std::shared_ptr<WatchedDirectories> watched)
      : system_(system), watched_(std::move(watched)) {}

  Result<void> add(const std::string& path) override {
    const auto fault = system_.note("watch " + path, false);
    if (fault) return Error{"watch " + path, fault->code, {}};
    if (!system_.directories.contains(path)) return Error{"watch " + path, ENOENT, {}};
    watched_->paths.insert(path);
    return {};
  }
  std::vector<DirectoryEvent> take() override { return std::exchange(watched_->events, {}); }

 private:
  FakeSystem& system_;
  std::shared_ptr<WatchedDirectories> watched_;
};

Result<std::unique_ptr<DirectoryEvents>> FakeSystem::watch_directories() {
  const auto fault = note("watch directories", false);
  if (fault) return Error{"watch directories", fault->code, {}};
  watched_ = std::make_shared<WatchedDirectories>();
  return std::unique_ptr<DirectoryEvents>(std::make_unique<FakeDirectoryEvents>(*this, watched_));
}

void FakeSystem::make_directory(const std::string& parent, const std::string& name) {
  directories[parent].push_back(name);
  directories[parent + "/" + name];
  if (watched_->paths.contains(parent) && !loses_events_)
    watched_->events.push_back({parent, name});
}

void FakeSystem::lose_directory_events() {
  loses_events_ = true;
  watched_->events = {DirectoryEvent{}};
}

void FakeSystem::set_modules(const std::string& loadable, const std::string& builtin,
                             const std::string& below) {
  const std::string release = here().sysctls.at("/proc/sys/kernel/osrelease");
  const std::string directory = below + release.substr(0, release.find('\n'));
  files[directory + "/modules.dep"] = loadable;
  files[directory + "/modules.builtin"] = builtin;
}

void FakeSystem::fail(const std::string& prefix, int code, int times) {
  faults_.push_back({prefix, times, code, {}, {}});
}

void FakeSystem::replay(const std::string& prefix, std::vector<std::string> datagrams, int times) {
  faults_.push_back({prefix, times, 0, std::move(datagrams), {}});
}

void FakeSystem::before(const std::string& prefix, std::function<void()> action) {
  faults_.push_back({prefix, 1, 0, {}, std::move(action)});
}

std::optional<FakeSystem::Fault> FakeSystem::note(const std::string& text, bool is_write) {
  requests.push_back(text);
  if (is_write) {
    if (static_cast<int>(writes.size()) == kill_at_) {
      kill_at_ = -1;
      throw Killed{};
    }
    writes.push_back(text);
  }
  if (const auto planned = take_fault(text, /*action=*/true)) planned->action();
  return take_fault(text, /*action=*/false);
}

std::optional<FakeSystem::Fault> FakeSystem::take_fault(const std::string& text, bool action) {
  for (Fault& fault : faults_) {
    if (fault.times == 0 || !text.starts_with(fault.prefix)) continue;
    if (action != static_cast<bool>(fault.action)) continue;
    --fault.times;
    return fault;
  }
  return std::nullopt;
}

Result<std::string> FakeSystem::read_file(const std::string& path) {
  const auto fault = note("read " + path, false);
  if (fault) return Error{"open " + path, fault->code, {}};
  auto& table = path.starts_with("/proc/sys/") ? here().sysctls : files;
  const auto found = table.find(path);
  if (found == table.end()) return Error{"open " + path, ENOENT, {}};
  return found->second;
}

Result<std::vector<std::string>> FakeSystem::list_directory(const std::string& path) {
  const auto fault = note("list " + path, false);
  if (fault) return Error{"list " + path, fault->code, {}};
  const auto found = directories.find(path);
  if (found == directories.end()) return Error{"list " + path, ENOENT, {}};
  return found->second;
}

Result<std::string> FakeSystem::read_link(const std::string& path) {
  const auto fault = note("readlink " + path, false);
  if (fault) return Error{"read the link " + path, fault->code, {}};
  if (path == "/proc/self/ns/net" || path == "/proc/thread-self/ns/net") return here().id;
  if (namespaces.contains(path)) return namespaces.at(path).id;
  const auto found = symlinks.find(path);
  if (found == symlinks.end()) return Error{"read the link " + path, ENOENT, {}};
  return found->second;
}

Result<void> FakeSystem::write_file(const std::string& path, const std::string& value) {
  const std::string text = "write " + path + " = " + value;
  const auto fault = note(text, true);
  auto& table = here().sysctls;
  const int code = fault ? fault->code : table.contains(path) ? 0 : ENOENT;
  if (code != 0) {
    note_failure(code);
    return Error{"write \"" + value + "\" to " + path, code, {}};
  }
  table[path] = value + "\n";
  return {};
}

Result<std::unique_ptr<NetlinkSocket>> FakeSystem::open_netlink(int protocol, std::uint32_t) {
  const auto fault = note("open netlink " + std::to_string(protocol), false);
  if (fault) return Error{"open a netlink socket", fault->code, {}};
  return std::unique_ptr<NetlinkSocket>(std::make_unique<FakeNetlinkSocket>(*this, protocol));
}

Result<std::vector<VerbsDevice>> FakeSystem::verbs_devices() {
  const auto fault = note("verbs", false);
  if (fault) return Error{"list the devices of libibverbs", fault->code, {}};
  return verbs;
}

Result<void> FakeSystem::in_net_namespace(const std::string& path,
                                          const std::function<Result<void>()>& body) {
  const auto fault = note("enter " + path, false);
  if (fault) return Error{"enter the network namespace " + path, fault->code, {}};
  if (!namespaces.contains(path)) return Error{"open the network namespace " + path, ENOENT, {}};
  const std::string before = std::exchange(current_, path);
  auto result = body();
  current_ = before;
  return result;
}

Result<void> FakeSystem::in_new_net_namespace(const std::function<Result<void>()>& body) {
  const auto fault = note("new namespace", false);
  if (fault) return Error{"make a network namespace", fault->code, {}};
  namespaces[kScratch] = empty_namespace();
  const std::string before = std::exchange(current_, kScratch);
  auto result = body();
  current_ = before;
  namespaces.erase(kScratch);
  return result;
}

Result<std::unique_ptr<SmcPair>> FakeSystem::connect_smc_pair(const std::string& address,
                                                              std::chrono::milliseconds timeout) {
  const auto fault = note("connect " + address, false);
  pair_timeouts.push_back(timeout);
  now_ += pair_takes;
  if (fault) return Error{"connect an SMC socket", fault->code, {}};
  if (pair_error) return *pair_error;
  FakeNamespace& space = here();
  const auto has_address =
      std::any_of(space.addresses.begin(), space.addresses.end(),
                  [&](const Ipv4Address& own) { return own.address == address; });
  if (!has_address) return Error{"listen on an SMC socket", EADDRNOTAVAIL, {}};
  // To one's own address the way leads over lo.
  const auto entry =
      std::find_if(space.pnet_table.begin(), space.pnet_table.end(),
                   [](const PnetEntry& present) { return present.interface == "lo"; });
  const auto active = active_pnetids(devices);
  const bool works = entry != space.pnet_table.end() && !ueids.empty() &&
                     std::find(active.begin(), active.end(), entry->pnetid) != active.end();
  SmcSocket client;
  client.state = SocketState::kActive;
  client.mode = works ? SocketMode::kSmcR : SocketMode::kTcp;
  client.local_address = client.peer_address = address;
  client.inode = next_inode_++;
  client.fallback_reason = works ? 0 : 0x03030000;
  if (works) client.device = devices.front().name;
  SmcSocket server = client;
  server.inode = next_inode_++;
  server.fallback_reason = works ? 0 : 0x05000000;
  server.peer_diagnosis = client.fallback_reason;
  space.sockets.push_back(client);
  space.sockets.push_back(server);
  return std::unique_ptr<SmcPair>(std::make_unique<FakePair>(client.inode, server.inode));
}

Result<int> FakeSystem::stream_socket_protocol() {
  if (const auto fault = take_fault("stream socket", false))
    return Error{"open a stream socket", fault->code, {}};
  constexpr int kTcp = 6;
  constexpr int kSmc = 256;
  return switched_by_bpf && switched_by_bpf(here().cookie) ? kSmc : kTcp;
}

void FakeSystem::offer_bpf_switch() {
  for (auto& [path, space] : namespaces)
    space.sysctls["/proc/sys/kernel/osrelease"] = "6.12.95+deb12-amd64\n";
  directories["/sys/kernel/btf"] = {"vmlinux", "smc"};
  files["/sys/kernel/btf/vmlinux"] = std::string("\0sock_alloc\0update_socket_protocol\0", 35);
}

}  // namespace smc::node::test
