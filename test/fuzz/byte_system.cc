#include "test/fuzz/byte_system.h"

#include <cerrno>

#include "test/node-init/kernel/netlink_bytes.h"

namespace smc::fuzz {
namespace {

using node::NetlinkSocket;

constexpr std::uint16_t kFamily = 0x22;
constexpr std::size_t kMaxPiece = 2048;

// Families are found, so that what lies behind them is reached; everything else is made up, either
// as messages whose headers are right or as bytes.
class ByteSocket final : public NetlinkSocket {
 public:
  explicit ByteSocket(FuzzedDataProvider& bytes) : bytes_(bytes) {}

  Result<void> send(std::string_view message) override {
    nlmsghdr header{};
    message.copy(reinterpret_cast<char*>(&header), sizeof header);
    asks_for_family_ = header.nlmsg_type == GENL_ID_CTRL;
    return {};
  }

  Result<std::string> receive(std::chrono::milliseconds) override {
    using namespace node::test;
    if (asks_for_family_) {
      asks_for_family_ = false;
      return generic(GENL_ID_CTRL, CTRL_CMD_NEWFAMILY, attribute(CTRL_ATTR_FAMILY_ID, raw(kFamily)),
                     0) +
             ack();
    }
    if (bytes_.remaining_bytes() == 0) return done();
    if (bytes_.ConsumeBool()) return bytes_.ConsumeRandomLengthString(kMaxPiece);
    std::string datagram;
    while (bytes_.ConsumeBool() && datagram.size() < kMaxPiece) {
      const auto type = bytes_.ConsumeBool() ? kFamily : bytes_.ConsumeIntegral<std::uint16_t>();
      const auto flags = bytes_.ConsumeIntegral<std::uint8_t>();
      datagram += message(type, bytes_.ConsumeRandomLengthString(256), flags);
    }
    return datagram + (bytes_.ConsumeBool() ? done() : ack(bytes_.ConsumeIntegral<std::uint8_t>()));
  }

 private:
  FuzzedDataProvider& bytes_;
  bool asks_for_family_ = false;
};

Error made_up_error() {
  return {"made up", ENOENT, ""};
}

}  // namespace

Result<std::string> ByteSystem::read_file(const std::string&) {
  if (bytes_.remaining_bytes() == 0 || bytes_.ConsumeIntegralInRange(0, 7) == 0)
    return made_up_error();
  return bytes_.ConsumeRandomLengthString(kMaxPiece);
}

Result<std::vector<std::string>> ByteSystem::list_directory(const std::string&) {
  std::vector<std::string> names;
  for (int left = bytes_.ConsumeIntegralInRange(0, 8); left > 0; --left)
    names.push_back(bytes_.ConsumeBool() ? std::to_string(bytes_.ConsumeIntegral<std::uint16_t>())
                                         : bytes_.ConsumeRandomLengthString(32));
  return names;
}

Result<std::string> ByteSystem::read_link(const std::string&) {
  if (bytes_.ConsumeBool())
    return "net:[" + std::to_string(bytes_.ConsumeIntegralInRange(1, 9)) + "]";
  return bytes_.ConsumeRandomLengthString(64);
}

Result<void> ByteSystem::write_file(const std::string&, const std::string&) {
  if (bytes_.ConsumeBool()) return made_up_error();
  return {};
}

Result<std::unique_ptr<NetlinkSocket>> ByteSystem::open_netlink(int, std::uint32_t) {
  return std::unique_ptr<NetlinkSocket>(std::make_unique<ByteSocket>(bytes_));
}

Result<std::vector<node::VerbsDevice>> ByteSystem::verbs_devices() {
  return made_up_error();
}

Result<void> ByteSystem::in_net_namespace(const std::string&,
                                          const std::function<Result<void>()>& body) {
  return body();
}

Result<void> ByteSystem::in_new_net_namespace(const std::function<Result<void>()>& body) {
  return body();
}

Result<std::unique_ptr<node::SmcPair>> ByteSystem::connect_smc_pair(const std::string&,
                                                                    std::chrono::milliseconds) {
  return made_up_error();
}

Result<int> ByteSystem::stream_socket_protocol() {
  if (bytes_.ConsumeBool()) return made_up_error();
  return bytes_.ConsumeIntegral<int>();
}

Result<std::uint64_t> ByteSystem::net_namespace_cookie() {
  return bytes_.ConsumeIntegral<std::uint64_t>();
}

node::Clock::time_point ByteSystem::now() {
  return now_;
}

std::chrono::system_clock::time_point ByteSystem::wall_time() {
  return {};
}

void ByteSystem::sleep_for(std::chrono::milliseconds duration) {
  now_ += duration;
}

}  // namespace smc::fuzz
