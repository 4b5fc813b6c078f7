// The distribution, from os-release(5). Pure functions, safe on any thread.
#pragma once

#include <string>
#include <string_view>

namespace smc::node {

struct OsRelease {
  std::string id = "linux";  // as the manual page has it for a file without ID
  std::string version_id;
  std::string pretty_name;
};

// Lines that are no assignment of the three are skipped; a quoted value is unquoted.
OsRelease parse_os_release(std::string_view content);

bool is_alibaba_cloud_linux_3(const OsRelease& os);

}  // namespace smc::node
