// Which of two versions is newer, as RPM decides it. Kernels of RPM distributions are named by
// their package's version and release ("5.10.134-17.3.al8.x86_64"), and "17.3.al8" against "17.10"
// needs RPM's own rules. Pure functions, safe on any thread.
#pragma once

#include <string_view>

namespace smc::node {

// Below, at or above 0 as `a` is older than, the same as or newer than `b`. Digits compare as
// numbers, letters as text, a number is newer than letters, separators do not count, "~" comes
// before everything and "^" after the end (rpmvercmp, rpm 4.15).
int compare_rpm_versions(std::string_view a, std::string_view b);

// The same for two kernel releases "VERSION-RELEASE": the part before the first "-" decides, then
// the rest. What one has beyond the other makes it newer: 5.10.134-17.3.al8.x86_64 is at least
// 5.10.134-17.3.
int compare_kernel_releases(std::string_view a, std::string_view b);

}  // namespace smc::node
