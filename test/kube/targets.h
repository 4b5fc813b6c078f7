// What the tests of the client ask for. Values, safe on any thread.
#pragma once

#include "kube/resource.h"

namespace smc::kube {

inline const Target kOne{kSecrets, "ns", "one", ""};
inline const Target kAll{kSecrets, "ns", "", ""};

}  // namespace smc::kube
