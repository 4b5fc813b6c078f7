// libFuzzer: whatever a kernel answers over netlink, each table is read or refused, within bounds.
#include "node-init/diagnosis/status.h"
#include "node-init/kernel/links.h"
#include "node-init/kernel/netlink.h"
#include "node-init/kernel/rdma_devices.h"
#include "test/fuzz/byte_system.h"
#include "test/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace smc;
  (void)node::netlink_messages(fuzz::text(data, size));

  FuzzedDataProvider bytes(data, size);
  fuzz::ByteSystem system(bytes);
  switch (bytes.ConsumeIntegralInRange(0, 5)) {
    case 0:
      (void)node::links(system);
      break;
    case 1:
      (void)node::ipv4_addresses(system);
      break;
    case 2:
      (void)node::default_route_interface(system);
      break;
    case 3:
      (void)node::rdma_devices(system);
      break;
    default: {
      const auto status = node::read_status(system);
      if (!status) break;
      fuzz::require(!node::status_text(*status).empty(), "a status that says nothing");
      fuzz::require(!node::status_json(*status).empty(), "a status that says nothing");
    }
  }
  return 0;
}
