// Another process's network namespace, for whoever has a node's shell and no cluster. Safe on any
// thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "node-init/kernel/system.h"

namespace smc::node {

// Runs `body` on a thread of its own in the network namespace of a process ("1234") or of a file
// (/proc/1234/ns/net, /run/netns/NAME). An error where it cannot be entered; nothing was run then.
Result<void> in_pod_netns(System& system, const std::string& pid_or_path,
                          const std::function<void()>& body);

// The resolver's configuration that the process sees, whose namespace `pid_or_path` names: names
// mean to it what its name servers say. Nothing where there is none, or where a file is named that
// belongs to no process. Read below the process's root directory: no link in its image leads out.
std::optional<std::string> pod_resolv_conf(const std::string& pid_or_path);

}  // namespace smc::node
