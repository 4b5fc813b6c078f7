#include "node-init/kernel/module_index.h"

#include <algorithm>

#include "node-init/kernel/kernel_release.h"

namespace smc::node {
namespace {

// SMC's Kconfig has "depends on DIBS" from here on.
constexpr KernelVersion kFirstWithDibs{6, 18, 0};

// "kernel/net/smc/smc.ko.xz: kernel/…" of modules.dep, "kernel/net/smc/smc.ko" of modules.builtin.
// A module's file may have "-" where its name has "_".
bool lists(std::string_view index, const std::string& name) {
  while (!index.empty()) {
    const auto end = std::min(index.find('\n'), index.size());
    std::string_view path = index.substr(0, end);
    index.remove_prefix(std::min(end + 1, index.size()));
    path = path.substr(0, path.find(':'));
    path.remove_prefix(path.rfind('/') + 1);  // npos + 1 is 0
    std::string file(path.substr(0, path.find(".ko")));
    std::replace(file.begin(), file.end(), '-', '_');
    if (file == name) return true;
  }
  return false;
}

}  // namespace

ModulePresence find_module(System& system, const std::string& root, const std::string& name) {
  const auto release = kernel_release(system);
  if (!release || release->empty()) return ModulePresence::kUnknown;
  bool seen = false;
  for (const char* place : {"/lib/modules/", "/usr/lib/modules/"}) {
    const std::string directory = root + place + *release;
    const auto loadable = system.read_file(directory + "/modules.dep");
    if (loadable && lists(*loadable, name)) return ModulePresence::kLoadable;
    const auto builtin = system.read_file(directory + "/modules.builtin");
    if (builtin && lists(*builtin, name)) return ModulePresence::kBuiltIn;
    seen = seen || (loadable && builtin);
  }
  return seen ? ModulePresence::kAbsent : ModulePresence::kUnknown;
}

std::string missing_smc_hint(std::string_view release) {
  const auto version = kernel_version(release);
  if (version && *version >= kFirstWithDibs)
    return "boot a kernel that was built with CONFIG_SMC and with CONFIG_DIBS, which SMC depends "
           "on from 6.18 on; Debian's own kernels have SMC up to 6.17";
  return "boot a kernel with the module smc (CONFIG_SMC) and allow it to be loaded: Alibaba Cloud "
         "Linux 3 from 5.10.134-17.3 on has it, and so have Debian's kernels up to 6.17";
}

Error no_smc_error(System& system, int code) {
  const auto release = kernel_release(system);
  const std::string name = release ? *release : "";
  return {"this node's kernel" + (name.empty() ? "" : " " + name) + " has no SMC", code,
          missing_smc_hint(name)};
}

}  // namespace smc::node
