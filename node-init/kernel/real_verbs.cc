// libibverbs. Apart from the rest of the library because the static program compiles it a second
// time, with RDMA_STATIC_PROVIDERS, to have its providers linked in.
#include <cerrno>
#include <memory>

#include <infiniband/verbs.h>

#include "node-init/kernel/real_system.h"

namespace smc::node {
namespace {

struct CloseDevice {
  void operator()(ibv_context* context) const { ibv_close_device(context); }
};
struct FreeList {
  void operator()(ibv_device** list) const { ibv_free_device_list(list); }
};

VerbsDevice read_device(ibv_device* listed) {
  VerbsDevice device;
  device.name = ibv_get_device_name(listed);
  errno = 0;  // not every provider sets it
  const std::unique_ptr<ibv_context, CloseDevice> context(ibv_open_device(listed));
  if (!context) {
    device.problem = Error{"open " + device.name + " with libibverbs", errno, {}};
    return device;
  }
  ibv_device_attr attributes{};
  if (const int failed = ibv_query_device(context.get(), &attributes); failed != 0)
    device.problem = Error{"ask " + device.name + " with libibverbs", failed, {}};
  else
    device.max_queue_pairs = attributes.max_qp;
  return device;
}

}  // namespace

Result<std::vector<VerbsDevice>> real_verbs_devices() {
  int count = 0;
  const std::unique_ptr<ibv_device*[], FreeList> list(ibv_get_device_list(&count));
  std::vector<VerbsDevice> devices;
  if (!list && errno == ENOSYS) return devices;  // no RDMA in this kernel
  if (!list) return Error{"list the devices of libibverbs", errno, {}};
  for (int i = 0; i < count; ++i) devices.push_back(read_device(list[static_cast<std::size_t>(i)]));
  return devices;
}

}  // namespace smc::node
