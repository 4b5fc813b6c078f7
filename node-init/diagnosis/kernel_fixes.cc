#include "node-init/diagnosis/kernel_fixes.h"

#include <span>

namespace smc::node {
namespace {

// From the first release with the fault to the first without it, in one series or several.
struct Affected {
  KernelVersion from;
  KernelVersion fixed;
};

struct Entry {
  std::string_view cve;
  std::string_view what;
  std::span<const Affected> releases;
};

// The CVE record of kernel.org's CNA (cveMetadata.dateUpdated 2026-09-08), "affected" of product
// Linux: since 5.18, and 5.15.174 to which it was carried back. In 7.0 by commit 6d5e4538364b.
constexpr Affected kCve23450[] = {
    {{5, 15, 174}, {5, 15, 203}}, {{5, 18, 0}, {6, 1, 167}}, {{6, 2, 0}, {6, 6, 130}},
    {{6, 7, 0}, {6, 12, 78}},     {{6, 13, 0}, {6, 18, 20}}, {{6, 19, 0}, {6, 19, 10}},
};

// The CVE record of kernel.org's CNA (2026-05-27) for 6.6, 6.12, 6.18 and 7.0, and OSV's entry of
// the same CVE for 5.10, 5.15 and 6.1, to which the fix was carried later: since 4.11. In 7.1-rc1
// by commit 5a8db80f721d.
constexpr Affected kCve46027[] = {
    {{4, 11, 0}, {5, 10, 258}}, {{5, 11, 0}, {5, 15, 209}}, {{5, 16, 0}, {6, 1, 175}},
    {{6, 2, 0}, {6, 6, 140}},   {{6, 7, 0}, {6, 12, 86}},   {{6, 13, 0}, {6, 18, 27}},
    {{6, 19, 0}, {7, 0, 4}},
};

constexpr Entry kEntries[] = {
    {"CVE-2026-23450",
     "a peer that connects while a listening SMC socket is closed can crash the kernel or worse",
     kCve23450},
    {"CVE-2026-46027", "a peer that declines early in the handshake can crash the kernel",
     kCve46027},
};

}  // namespace

std::vector<KernelFault> kernel_faults(const KernelVersion& version) {
  std::vector<KernelFault> faults;
  for (const Entry& entry : kEntries)
    for (const Affected& releases : entry.releases)
      if (version >= releases.from && version < releases.fixed)
        faults.push_back({entry.cve, entry.what, releases.fixed});
  return faults;
}

}  // namespace smc::node
