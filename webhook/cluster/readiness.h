// Why this replica should not get requests, and what else whoever asks for its readiness should
// know. Each reason and notice has a key whose owner sets and clears it; ready means there is no
// reason. Safe on any thread.
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
  void notice(const std::string& key, std::string text) {
    const std::lock_guard lock(mutex_);
    notices_[key] = std::move(text);
  }
  void clear_notice(const std::string& key) {
    const std::lock_guard lock(mutex_);
    notices_.erase(key);
  }

  // Empty when ready, else a line "KEY: REASON" for each.
  std::string reasons() const {
    const std::lock_guard lock(mutex_);
    return lines(reasons_, "");
  }
  // A line "notice: KEY: TEXT" for each.
  std::string notices() const {
    const std::lock_guard lock(mutex_);
    return lines(notices_, "notice: ");
  }

 private:
  using Texts = std::map<std::string, std::string>;

  static std::string lines(const Texts& texts, const char* prefix) {
    std::string out;
    for (const auto& [key, text] : texts)
      out.append(prefix).append(key).append(": ").append(text).append("\n");
    return out;
  }

  mutable std::mutex mutex_;
  Texts reasons_;
  Texts notices_;
};

}  // namespace smc::webhook
