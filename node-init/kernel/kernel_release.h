// The running kernel's release ("6.12.95+deb12-amd64") and what its numbers say. Safe on any
// thread.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "node-init/kernel/system.h"

namespace smc::node {

// The three numbers that a release begins with.
struct KernelVersion {
  int major = 0;
  int minor = 0;
  int patch = 0;

  auto operator<=>(const KernelVersion&) const = default;
  std::string text() const;  // "6.12.95"; "7.0" without a patch level
};

// Empty where /proc does not tell.
Result<std::string> kernel_release(System& system);

// The numbers at the start of a release, whoever made the kernel. Nothing if there are none.
std::optional<KernelVersion> kernel_version(std::string_view release);

// The same where the release is nothing but numbers, as kernel.org's own are: a distribution's
// kernel has fixes that its numbers do not show. Nothing for those, and for release candidates.
std::optional<KernelVersion> mainline_version(std::string_view release);

}  // namespace smc::node
