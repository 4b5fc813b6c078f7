#include "node-init/diagnosis/resolver_config.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <resolv.h>

namespace smc::node {
namespace {

constexpr int kTries = 2;
constexpr int kMaxNdots = RES_MAXNDOTS;

void take_option(ResolverConfig& config, const std::string& option) {
  constexpr std::string_view kNdots = "ndots:";
  if (!option.starts_with(kNdots)) return;
  int ndots = 0;
  const char* end = option.data() + option.size();
  if (std::from_chars(option.data() + kNdots.size(), end, ndots).ec == std::errc())
    config.ndots = std::clamp(ndots, 0, kMaxNdots);
}

void take_server(ResolverConfig& config, const std::string& text) {
  in_addr address = {};
  if (config.servers.size() < MAXNS && ::inet_pton(AF_INET, text.c_str(), &address) == 1)
    config.servers.push_back(ntohl(address.s_addr));
}

}  // namespace

ResolverConfig parse_resolv_conf(std::string_view text) {
  ResolverConfig config;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key;
    std::string word;
    words >> key;
    const bool is_search = key == "search" || key == "domain";
    if (is_search) config.search.clear();  // the last one holds
    while (words >> word) {
      if (key == "nameserver") take_server(config, word);
      if (is_search && config.search.size() < MAXDNSRCH) config.search.push_back(word);
      if (key == "options") take_option(config, word);
    }
  }
  return config;
}

ThreadResolver::ThreadResolver(const ResolverConfig* config, int server_seconds) {
  if (::res_init() != 0) return;
  _res.retrans = server_seconds;
  _res.retry = kTries;
  if (config == nullptr || config->servers.empty()) return;
  _res.options |= RES_NORELOAD;
  _res.nscount = 0;
  for (const std::uint32_t server : config->servers) {
    sockaddr_in& address = _res.nsaddr_list[_res.nscount++];
    address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(NAMESERVER_PORT);
    address.sin_addr.s_addr = htonl(server);
  }
  search_ = config->search;
  std::size_t at = 0;
  for (std::string& domain : search_) _res.dnsrch[at++] = domain.data();
  _res.dnsrch[at] = nullptr;
  _res.ndots = static_cast<unsigned>(config->ndots) & 0xf;
}

ThreadResolver::~ThreadResolver() {
  _res.dnsrch[0] = nullptr;
  (void)::res_init();
}

}  // namespace smc::node
