// What the commands look at in objects of the API: places that every one of them means the same by.
// Pure functions, safe on any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace smc::kubectl {

// "NAMESPACE/NAME", or the name alone of what is cluster-scoped.
std::string name_of(const nlohmann::json& object);
std::string namespace_of(const nlohmann::json& object);
// Empty where it has none.
std::string label_of(const nlohmann::json& object, std::string_view key);
std::string annotation_of(const nlohmann::json& object, std::string_view key);

// The list of that key, empty where there is none; a reference into `object` or to a constant.
const nlohmann::json& items_of(const nlohmann::json& object, const char* key);
// Whether the key's value is true.
bool flag_of(const nlohmann::json& object, const char* key);

// The string at a place of an object that somebody else wrote, for people: at most 300 printable
// characters.
std::string shown_at(const nlohmann::json& object, const char* place);
inline constexpr std::size_t kMaxShown = 300;

// As the chart labels what is its own.
inline constexpr std::string_view kPartOf = "app.kubernetes.io/part-of=smc-webhook";
inline constexpr std::string_view kComponentLabel = "app.kubernetes.io/component";
inline constexpr std::string_view kInstanceLabel = "app.kubernetes.io/instance";
inline constexpr std::string_view kVersionLabel = "app.kubernetes.io/version";

// The version of a program of ours, from its pod's label; "?" where that is missing.
std::string version_of(const nlohmann::json& object);

// Of a pod: whether it asks for SMC, and whether the webhook put our init container into it.
bool is_annotated(const nlohmann::json& pod);
bool is_injected(const nlohmann::json& pod);
// It runs, or is to: neither ended nor about to be deleted.
bool is_live(const nlohmann::json& pod);
bool is_ready(const nlohmann::json& object);  // of a pod or a Node

// The workload that a pod comes from, for people: "deployment/web", "daemonset/x", "pod/y".
std::string workload_of(const nlohmann::json& pod);

// What the init container said at its end ("result", "reason", …), if it has ended and said it.
nlohmann::json init_summary(const nlohmann::json& pod);

// What of a pod is kept while others come: the places above and addresses.
void reduce_pod(nlohmann::json& pod);
void reduce_node(nlohmann::json& node);

// Whether a Service's selector takes the pod.
bool selects(const nlohmann::json& service, const nlohmann::json& pod);

// "A:P" without its port, and without the brackets of IPv6.
std::string address_of(std::string_view address_and_port);

}  // namespace smc::kubectl
