// The table of SMC's faults, at the edges of each series.
#include "node-init/diagnosis/kernel_fixes.h"

#include <string>

#include <gmock/gmock.h>

namespace smc::node {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> cves(const std::string& release) {
  std::vector<std::string> names;
  for (const KernelFault& fault : kernel_faults(*kernel_version(release)))
    names.emplace_back(fault.cve);
  return names;
}

TEST(KernelFaults, TheReleaseBeforeTheFixHasTheFaultAndTheFixItselfNot) {
  const char* kFixed23450[] = {"5.15.203", "6.1.167", "6.6.130", "6.12.78", "6.18.20", "6.19.10"};
  for (const std::string fixed : kFixed23450) {
    EXPECT_THAT(cves(fixed), testing::Not(testing::Contains("CVE-2026-23450"))) << fixed;
    KernelVersion before = *kernel_version(fixed);
    --before.patch;
    EXPECT_THAT(cves(before.text()), testing::Contains("CVE-2026-23450")) << before.text();
  }
  const char* kFixed46027[] = {"5.10.258", "5.15.209", "6.1.175", "6.6.140",
                               "6.12.86",  "6.18.27",  "7.0.4"};
  for (const std::string fixed : kFixed46027) {
    EXPECT_THAT(cves(fixed), IsEmpty()) << fixed;
    KernelVersion before = *kernel_version(fixed);
    --before.patch;
    EXPECT_THAT(cves(before.text()), ElementsAre("CVE-2026-46027")) << before.text();
  }
}

TEST(KernelFaults, KernelsFromBeforeTheFaultHaveItNot) {
  EXPECT_THAT(cves("4.10.17"), IsEmpty());
  EXPECT_THAT(cves("5.10.257"), ElementsAre("CVE-2026-46027"));
  EXPECT_THAT(cves("5.15.173"), ElementsAre("CVE-2026-46027"));
  EXPECT_THAT(cves("5.17.9"), ElementsAre("CVE-2026-46027"));
}

TEST(KernelFaults, ASeriesThatEndedWithoutTheFixPointsToTheNextThatHasIt) {
  const auto faults = kernel_faults({6, 17, 13});
  ASSERT_EQ(faults.size(), 2u);
  EXPECT_EQ(faults[0].fixed.text(), "6.18.20");
  EXPECT_EQ(faults[1].fixed.text(), "6.18.27");
}

TEST(KernelVersionTest, IsReadOffTheStartOfARelease) {
  EXPECT_EQ(kernel_version("6.12.95+deb12-amd64"), (KernelVersion{6, 12, 95}));
  EXPECT_EQ(kernel_version("7.2"), (KernelVersion{7, 2, 0}));
  EXPECT_EQ(kernel_version("5.10.134-17.3.al8.x86_64"), (KernelVersion{5, 10, 134}));
  for (const char* bad : {"", "6", "six", "-6.1", "6.", ".6", "99999999999.1"})
    EXPECT_EQ(kernel_version(bad), std::nullopt) << bad;
}

TEST(KernelVersionTest, IsMainlinesWhereNothingFollowsTheNumbers) {
  EXPECT_EQ(mainline_version("6.12.95"), (KernelVersion{6, 12, 95}));
  for (const char* other : {"6.12.95+deb12-amd64", "6.12.0-rc1", "6.12.95+", "6.12.95.1"})
    EXPECT_EQ(mainline_version(other), std::nullopt) << other;
}

}  // namespace
}  // namespace smc::node
