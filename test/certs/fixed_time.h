// The time at which the tests of certificates take place. A value, safe on any thread.
#pragma once

#include <chrono>

namespace smc::certs::test {

inline const auto kNow = std::chrono::system_clock::from_time_t(1'800'000'000);  // 2027-01-15

}  // namespace smc::certs::test
