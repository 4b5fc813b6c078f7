// Why this replica should not get requests. Each reason has a key whose owner sets and clears it;
// ready means there is none. Safe on any thread.
#pragma once

#include <map>
#include <mutex>
#include <string>

namespace smc::webhook {

class Readiness {
 public:
  void block(const std::string& key, std::string reason) {
    const std::lock_guard lock(mutex_);
    reasons_[key] = std::move(reason);
  }
  void clear(const std::string& key) {
    const std::lock_guard lock(mutex_);
    reasons_.erase(key);
  }
  // Empty when ready, else a line "KEY: REASON" for each.
  std::string reasons() const {
    const std::lock_guard lock(mutex_);
    std::string text;
    for (const auto& [key, reason] : reasons_)
      text.append(key).append(": ").append(reason).append("\n");
    return text;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> reasons_;
};

}  // namespace smc::webhook
