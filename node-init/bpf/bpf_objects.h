// The BPF programs that are built in, each as the bytes of its ELF object; their sources are in
// programs/. Safe on any thread; the bytes live as long as the process.
#pragma once

#include <string_view>

namespace smc::node {

// programs/excluded_destinations.bpf.c
std::string_view excluded_destinations_object();

// programs/program_switch.bpf.c
std::string_view program_switch_object();

}  // namespace smc::node
