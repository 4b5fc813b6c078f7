#include "node-init/agent/node_candidate.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "node-init/kernel/rdma_devices.h"

namespace smc::node {
namespace {

constexpr const char* kPciDevices = "/sys/bus/pci/devices";
// Alibaba Cloud's elastic RDMA interface, as sysfs writes it.
constexpr std::string_view kErdmaVendor = "0x1ded";
constexpr std::string_view kErdmaDevice = "0x107f";

bool file_is(System& system, const std::string& path, std::string_view wanted) {
  const auto text = system.read_file(path);
  return text && text->starts_with(wanted);
}

bool has_erdma_function(System& system) {
  const auto functions = system.list_directory(kPciDevices);
  if (!functions) return false;  // a machine without PCI
  return std::ranges::any_of(*functions, [&](const std::string& function) {
    const std::string path = std::string(kPciDevices).append("/").append(function);
    return file_is(system, path + "/vendor", kErdmaVendor) &&
           file_is(system, path + "/device", kErdmaDevice);
  });
}

Result<void> remember_hardware(System& system, const OwnRecordFile& file) {
  const auto lock = file.lock(system, kLockTimeout);
  if (!lock) return lock.error();
  auto record = file.load();
  if (!record) return record.error();
  if (record->had_rdma) return {};
  record->had_rdma = true;
  return file.save(*record);
}

}  // namespace

bool has_rdma_hardware(System& system) {
  const auto devices = rdma_devices(system);
  return !devices || !devices->empty() || has_erdma_function(system);
}

bool is_candidate(System& system, const OwnRecordFile& file,
                  const std::vector<std::string>& asked_for, bool dry_run) {
  const auto record = file.load();
  const bool had = record && record->had_rdma;
  if (had || !asked_for.empty()) return true;
  if (!has_rdma_hardware(system)) return false;
  if (!dry_run)
    if (const auto kept = remember_hardware(system, file); !kept)
      log::debug("RDMA hardware is not in the record", {{"error", kept.error().text()}});
  return true;
}

}  // namespace smc::node
