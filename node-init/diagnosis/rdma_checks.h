// The checks of RDMA devices, for a node and for a pod's network namespace alike. They follow the
// rules of checks.h.
//
// Each question has one source: RDMA netlink tells type, ports and the queue pairs in use, /sys the
// PCI identity and the GIDs, SMC's netlink which devices it has taken in, and libibverbs how many
// queue pairs a device has room for.
#pragma once

#include "node-init/diagnosis/checks.h"

namespace smc::node {

// "rdma device": type, port and whether SMC has taken it in.
CheckResult check_rdma_devices(System& system, const CheckOptions& options);
// "rdma sharing": the RDMA namespace mode.
CheckResult check_rdma_sharing(System& system, const CheckOptions& options);
// "gids": an address for SMC version 2 (or 1) at an active port.
CheckResult check_gids(System& system, const CheckOptions& options);
// "queue pairs": the room for the link groups of the expected pods.
CheckResult check_queue_pairs(System& system, const CheckOptions& options);
// "ueid": SMC version 2 needs one in common with the peer.
CheckResult check_ueid(System& system, const CheckOptions& options);
// "reserved ports": the TCP ports on which eRDMA listens.
CheckResult check_reserved_ports(System& system, const CheckOptions& options);

}  // namespace smc::node
