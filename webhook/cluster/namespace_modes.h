// Which namespaces admit a privileged init container: what the mode "auto" goes by. Safe on any
// thread; a look takes a lock that is never held while the API server is asked.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "webhook/config/config.h"

namespace smc::webhook {

// Whether its Pod Security label lets a privileged container in: absent, or "privileged". The
// admission plug-in takes a value that it does not know for "restricted"
// (k8s.io/pod-security-admission/api, ParseLevel).
bool admits_privileged(const nlohmann::json& name_space);

class NamespaceModes {
 public:
  // What a cluster is tested with (Kubernetes' scalability thresholds). The names of as many take
  // 2 MiB; those beyond are not known, so that pods there are left to the agent.
  static constexpr std::size_t kMaxNames = 10'000;

  InitMode mode_of(std::string_view name) const;

  // In place of all that was known: names of namespaces that admit a privileged container.
  void replace(const std::vector<std::string>& admitting);
  void set(const std::string& name, bool admits);

  std::size_t size() const;  // of the names
  bool full() const;         // names were left out since the last replace()

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  void add(const std::string& name);

  mutable std::mutex mutex_;
  // Only those that admit one: of the others and of unknown ones the mode is the same.
  std::unordered_set<std::string, Hash, std::equal_to<>> admitting_;
  bool full_ = false;
};

}  // namespace smc::webhook
