#include "webhook/cluster/namespace_modes.h"

#include <nlohmann/json.hpp>

namespace smc::webhook {

bool admits_privileged(const nlohmann::json& name_space) {
  constexpr const char* kEnforce = "pod-security.kubernetes.io/enforce";
  const auto metadata = name_space.find("metadata");
  if (metadata == name_space.end() || !metadata->is_object()) return false;
  const auto labels = metadata->find("labels");
  if (labels == metadata->end() || !labels->is_object()) return true;
  const auto level = labels->find(kEnforce);
  return level == labels->end() || *level == "privileged";
}

InitMode NamespaceModes::mode_of(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  return admitting_.contains(name) ? InitMode::kPrivileged : InitMode::kAgent;
}

void NamespaceModes::replace(const std::vector<std::string>& admitting) {
  const std::lock_guard lock(mutex_);
  admitting_.clear();
  full_ = false;
  for (const std::string& name : admitting) add(name);
}

void NamespaceModes::set(const std::string& name, bool admits) {
  const std::lock_guard lock(mutex_);
  if (admits)
    add(name);
  else
    admitting_.erase(name);
}

void NamespaceModes::add(const std::string& name) {
  if (admitting_.size() < kMaxNames || admitting_.contains(name))
    admitting_.insert(name);
  else
    full_ = true;
}

std::size_t NamespaceModes::size() const {
  const std::lock_guard lock(mutex_);
  return admitting_.size();
}

bool NamespaceModes::full() const {
  const std::lock_guard lock(mutex_);
  return full_;
}

}  // namespace smc::webhook
