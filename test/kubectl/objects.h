// Objects of an API server as the tests need them. Pure functions, safe on any thread.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "base/keys.h"
#include "base/version.h"

namespace smc::kubectl {

using nlohmann::json;

inline json object(const std::string& ns, const std::string& name) {
  json out = {{"metadata", {{"name", name}}}};
  if (!ns.empty()) out["metadata"]["namespace"] = ns;
  return out;
}

// A running pod with this label app.
inline json pod(const std::string& ns, const std::string& name, const std::string& app = "web") {
  json out = object(ns, name);
  out["metadata"]["labels"] = {{"app", app}};
  out["metadata"]["creationTimestamp"] = "2026-06-01T00:00:00Z";
  out["spec"] = {{"nodeName", "node1"}};
  out["status"] = {{"phase", "Running"},
                   {"conditions", json::array({{{"type", "Ready"}, {"status", "True"}}})}};
  return out;
}

inline json annotated(json of) {
  of["metadata"]["annotations"][std::string(kEnabledAnnotation)] = "true";
  return of;
}

// As the webhook leaves a pod, and with what the init container said.
inline json injected(json of, const std::string& summary = R"({"result":"verified"})") {
  of = annotated(std::move(of));
  of["metadata"]["annotations"][std::string(kStatusAnnotation)] =
      R"({"version":"1","container":"smc-init"})";
  of["spec"]["initContainers"] = json::array({{{"name", "smc-init"}}});
  of["status"]["initContainerStatuses"] =
      json::array({{{"name", "smc-init"}, {"state", {{"terminated", {{"message", summary}}}}}}});
  return of;
}

// A pod of the project's.
inline json own_pod(const std::string& name, const std::string& component,
                    const std::string& node = "node1", const std::string& version = kVersion) {
  json out = pod("smc-system", name);
  out["spec"]["nodeName"] = node;
  out["metadata"]["labels"] = {{"app.kubernetes.io/part-of", "smc-webhook"},
                               {"app.kubernetes.io/component", component},
                               {"app.kubernetes.io/version", version}};
  if (component == "agent") {
    out["metadata"]["ownerReferences"] = json::array(
        {{{"kind", "DaemonSet"}, {"name", "smc-smc-webhook-agent"}, {"controller", true}}});
    out["spec"]["containers"] =
        json::array({{{"name", "smc-node-agent"},
                      {"ports", json::array({{{"name", "metrics"}, {"containerPort", 9465}}})}}});
  }
  return out;
}

}  // namespace smc::kubectl
