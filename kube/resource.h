// Names in the API: which kind of object, which one, and which of a list. Values, safe on any
// thread.
#pragma once

#include <string>
#include <string_view>

namespace smc::kube {

struct Resource {
  std::string group;  // empty: the core group
  std::string version;
  std::string plural;  // as in paths and RBAC rules
  bool namespaced = true;
};

inline const Resource kSecrets{"", "v1", "secrets", true};
inline const Resource kEvents{"", "v1", "events", true};
inline const Resource kPods{"", "v1", "pods", true};
inline const Resource kNodes{"", "v1", "nodes", false};
inline const Resource kNamespaces{"", "v1", "namespaces", false};
inline const Resource kMutatingWebhooks{"admissionregistration.k8s.io", "v1",
                                        "mutatingwebhookconfigurations", false};
inline const Resource kRuntimeClasses{"node.k8s.io", "v1", "runtimeclasses", false};

// One object, or, without a name, the collection in a namespace; without a namespace, in all.
struct Target {
  Resource resource;
  std::string ns;
  std::string name;
  std::string subresource;

  // "/api/v1/namespaces/NS/secrets/NAME", every part percent-encoded (RFC 3986, section 2.1).
  std::string path() const;
  // "secrets NS/NAME", for messages.
  std::string text() const;
};

// Which objects of a collection.
struct Selector {
  std::string labels;  // "app=x,tier in (a,b)"
  std::string fields;  // "metadata.name=default"

  // "&labelSelector=…&fieldSelector=…" or less.
  std::string query() const;
};

std::string percent_encode(std::string_view text);

}  // namespace smc::kube
