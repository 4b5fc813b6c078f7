#include "node-init/diagnosis/rpm_version.h"

#include <gtest/gtest.h>

namespace smc::node {
namespace {

int sign(int order) {
  return (order > 0) - (order < 0);
}

struct Case {
  const char* a;
  const char* b;
  int order;
};

// The rules of rpm's own test suite (tests/rpmvercmp.at), one pair each.
class RpmVersion : public testing::TestWithParam<Case> {};

TEST_P(RpmVersion, OrdersAsRpmDoesAndTheOtherWayRound) {
  const auto& [a, b, order] = GetParam();
  EXPECT_EQ(sign(compare_rpm_versions(a, b)), order) << a << " " << b;
  EXPECT_EQ(sign(compare_rpm_versions(b, a)), -order) << b << " " << a;
}

INSTANTIATE_TEST_SUITE_P(
    Rules, RpmVersion,
    testing::Values(Case{"1.0", "1.0", 0}, Case{"1.0", "2.0", -1}, Case{"2.0.1", "2.0", 1},
                    Case{"5.5p1", "5.5p10", -1}, Case{"10xyz", "10.1xyz", -1},
                    Case{"xyz10", "xyz10.1", -1}, Case{"xyz.4", "8", -1}, Case{"2", "xyz", 1},
                    Case{"10.0001", "10.1", 0}, Case{"10.0039", "10.0001", 1},
                    Case{"20101121", "20101122", -1}, Case{"2_0", "2.0", 0}, Case{"a", "A", 1},
                    Case{"1.0aa", "1.0a", 1}, Case{"1.0~rc1", "1.0", -1},
                    Case{"1.0~rc1", "1.0~rc2", -1}, Case{"1.0~rc1~git1", "1.0~rc1", -1},
                    Case{"1.0^", "1.0", 1}, Case{"1.0^git1", "1.01", -1},
                    Case{"1.0^git1", "1.0^git2", -1}, Case{"1.0~rc1^git1", "1.0~rc1", 1},
                    Case{"1.0^git1~pre", "1.0^git1", -1}, Case{"", "1", -1}, Case{"..", "", 0},
                    // more digits than any integer type holds
                    Case{"99999999999999999999999", "99999999999999999999998", 1}));

class KernelRelease : public testing::TestWithParam<Case> {};

TEST_P(KernelRelease, ComparesVersionBeforeRelease) {
  const auto& [a, b, order] = GetParam();
  EXPECT_EQ(sign(compare_kernel_releases(a, b)), order) << a << " " << b;
}

INSTANTIATE_TEST_SUITE_P(AlibabaCloudLinux, KernelRelease,
                         testing::Values(Case{"5.10.134-17.3.al8.x86_64", "5.10.134-17.3", 1},
                                         Case{"5.10.134-17.3", "5.10.134-17.3", 0},
                                         Case{"5.10.134-17.2.al8.x86_64", "5.10.134-17.3", -1},
                                         Case{"5.10.134-17.al8.x86_64", "5.10.134-17.3", -1},
                                         Case{"5.10.134-17.10.al8.x86_64", "5.10.134-17.3", 1},
                                         Case{"5.10.134-9.3.al8.x86_64", "5.10.134-17.3", -1},
                                         Case{"5.10.134-18.al8.aarch64", "5.10.134-17.3", 1},
                                         Case{"5.10.84-10.4.al8.x86_64", "5.10.134-17.3", -1},
                                         Case{"6.6.25-2.al8.x86_64", "5.10.134-17.3", 1},
                                         Case{"5.10.134", "5.10.134-17.3", -1},
                                         Case{"", "5.10.134-17.3", -1}));

}  // namespace
}  // namespace smc::node
