#include "node-init/kernel/rdma_gids.h"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>

namespace smc::node {
namespace {

std::string line_of(std::string text) {
  text.erase(text.find_last_not_of(" \n") + 1);
  return text;
}

// "10.9.0.1" of "0000:0000:0000:0000:0000:ffff:0a09:0001".
std::string mapped_ipv4(const std::string& gid) {
  in6_addr address{};
  if (::inet_pton(AF_INET6, gid.c_str(), &address) != 1 || !IN6_IS_ADDR_V4MAPPED(&address))
    return {};
  char text[INET_ADDRSTRLEN];
  ::inet_ntop(AF_INET, &address.s6_addr[12], text, sizeof text);
  return text;
}

}  // namespace

Result<std::vector<RdmaGid>> rdma_gids(System& system, const std::string& device, int port) {
  const std::string base =
      "/sys/class/infiniband/" + device + "/ports/" + std::to_string(port) + "/";
  const std::string types = base + "gid_attrs/types/";
  const std::string values = base + "gids/";
  const auto names = system.list_directory(base + "gid_attrs/types");
  if (!names) return names.error();
  std::vector<RdmaGid> gids;
  for (const std::string& name : *names) {
    // Reading an empty place fails with EINVAL.
    const auto type = system.read_file(types + name);
    const auto gid = type ? system.read_file(values + name) : type;
    if (!gid) continue;
    RdmaGid one;
    std::from_chars(name.data(), name.data() + name.size(), one.index);
    one.type = line_of(*type);
    one.ipv4 = mapped_ipv4(line_of(*gid));
    gids.push_back(std::move(one));
  }
  std::ranges::sort(gids, {}, &RdmaGid::index);
  return gids;
}

}  // namespace smc::node
