// Points in time as people and the Kubernetes API read them. Pure functions, safe on any thread.
#pragma once

#include <chrono>
#include <string>

namespace smc {

// "2026-01-31T12:00:00Z" (RFC 3339, seconds).
std::string utc_text(std::chrono::system_clock::time_point time);

}  // namespace smc
