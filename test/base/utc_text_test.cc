// Times in the one form that people and the Kubernetes API share.
#include "base/utc_text.h"

#include <gtest/gtest.h>

namespace smc {
namespace {

TEST(UtcText, IsRfc3339InUtcWithWholeSeconds) {
  const auto time = std::chrono::system_clock::from_time_t(1'800'000'000);
  EXPECT_EQ(utc_text(time), "2027-01-15T08:00:00Z");
  EXPECT_EQ(utc_text(time + std::chrono::milliseconds(999)), "2027-01-15T08:00:00Z");
}

}  // namespace
}  // namespace smc
