#include "kube/resource.h"

namespace smc::kube {

std::string percent_encode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 0xF];
  }
  return out;
}

std::string Target::path() const {
  std::string out =
      resource.group.empty() ? "/api/" : "/apis/" + percent_encode(resource.group) + "/";
  out += percent_encode(resource.version);
  if (resource.namespaced && !ns.empty()) out += "/namespaces/" + percent_encode(ns);
  out += "/" + percent_encode(resource.plural);
  if (!name.empty()) out += "/" + percent_encode(name);
  if (!subresource.empty()) out += "/" + percent_encode(subresource);
  return out;
}

std::string Target::text() const {
  std::string out = resource.plural;
  if (!resource.group.empty()) out += "." + resource.group;
  if (!subresource.empty()) out += "/" + subresource;
  const bool in_namespace = resource.namespaced && !ns.empty();
  if (!name.empty())
    out += " " + (in_namespace ? ns + "/" : std::string()) + name;
  else if (in_namespace)
    out += " in " + ns;
  return out;
}

std::string Selector::query() const {
  std::string out;
  if (!labels.empty()) out += "&labelSelector=" + percent_encode(labels);
  if (!fields.empty()) out += "&fieldSelector=" + percent_encode(fields);
  return out;
}

}  // namespace smc::kube
