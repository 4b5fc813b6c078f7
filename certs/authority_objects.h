// The two objects of the API that carry a shared CA: the Secret that holds it and the
// MutatingWebhookConfiguration whose caBundle trusts it. Pure functions, safe on any thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "certs/rotation.h"

namespace smc::certs {

SharedAuthorities authorities_of(const nlohmann::json& secret);

// What the Secret carries beside the CA where a replica makes it.
struct SecretMarks {
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
};

// An empty Secret, to be created. The webhook object owns it: should that be deleted while the
// request is on its way, the garbage collector takes the Secret, which would stay for ever.
nlohmann::json new_secret(const std::string& ns, const std::string& name, const SecretMarks& marks,
                          const nlohmann::json& configuration);

// The Secret with these in it, everything else as it was, its resourceVersion included: an update
// with it is refused where somebody else was first.
nlohmann::json with_authorities(nlohmann::json secret, const SharedAuthorities& authorities);

// The caBundle of each webhook, decoded; empty where it has none.
std::vector<std::string> bundles_of(const nlohmann::json& configuration);

// A JSON patch (RFC 6902) that sets caBundle and nothing else, and is refused where the object has
// changed since: other fields belong to Helm.
nlohmann::json bundle_patch(const nlohmann::json& configuration, const std::string& bundle);

// Another one whenever any of it has changed that counts for a rotation: the certificates, and for
// the webhook object its whole specification, so that a bundle which was reset and put right
// between two looks is noticed.
std::string state_key(const SharedAuthorities& authorities, const nlohmann::json& configuration);

}  // namespace smc::certs
