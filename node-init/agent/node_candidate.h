// Whether a node is one for SMC-R at all, which tells a node without RDMA hardware from one whose
// hardware fails. One thread.
#pragma once

#include <string>
#include <vector>

#include "node-init/agent/own_record.h"
#include "node-init/kernel/system.h"

namespace smc::node {

// An RDMA device of the kernel, or, where its driver is not loaded, an eRDMA function on the PCI
// bus. Where neither can be read: true, so that nothing fails in silence.
bool has_rdma_hardware(System& system);

// The hardware is there, or was there since the boot, or a device is asked for by name. Remembers
// hardware in the record, so that a device that went away stays a failure, for the next agent too;
// not with `dry_run`.
bool is_candidate(System& system, const OwnRecordFile& file,
                  const std::vector<std::string>& asked_for, bool dry_run);

}  // namespace smc::node
