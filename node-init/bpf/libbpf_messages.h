// What libbpf and the kernel's verifier say while programs are loaded: libbpf has one function for
// it in the process. Each thread has its own; for any thread.
#pragma once

#include <string>

namespace smc::node {

// Keeps what is said from here on, instead of standard error, and forgets what this thread has
// heard.
void listen_to_libbpf();

// What this thread has heard since, the last of it, on one line: there is the cause.
const std::string& said_by_libbpf();

}  // namespace smc::node
