// A kernel that answers with whatever the fuzzer makes up: files, links, folders, netlink.
#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include "node-init/kernel/system.h"

namespace smc::fuzz {

class ByteSystem final : public node::System {
 public:
  explicit ByteSystem(FuzzedDataProvider& bytes) : bytes_(bytes) {}

  Result<std::string> read_file(const std::string& path) override;
  Result<std::vector<std::string>> list_directory(const std::string& path) override;
  Result<std::string> read_link(const std::string& path) override;
  Result<void> write_file(const std::string& path, const std::string& value) override;
  Result<std::unique_ptr<node::NetlinkSocket>> open_netlink(int protocol,
                                                            std::uint32_t groups) override;
  Result<std::vector<node::VerbsDevice>> verbs_devices() override;
  Result<void> in_net_namespace(const std::string& path,
                                const std::function<Result<void>()>& body) override;
  Result<void> in_new_net_namespace(const std::function<Result<void>()>& body) override;
  Result<std::unique_ptr<node::SmcPair>> connect_smc_pair(
      const std::string& address, std::chrono::milliseconds timeout) override;
  Result<int> stream_socket_protocol() override;
  Result<std::uint64_t> net_namespace_cookie() override;
  node::Clock::time_point now() override;
  std::chrono::system_clock::time_point wall_time() override;
  void sleep_for(std::chrono::milliseconds duration) override;

 private:
  FuzzedDataProvider& bytes_;
  node::Clock::time_point now_{};  // moves when somebody sleeps
};

}  // namespace smc::fuzz
