// Kubernetes' resource quantities ("50m", "0.5Gi", "1e3") by their value: the API server rewrites
// them, "1000m" comes back as "1". Pure functions, safe on any thread.
#pragma once

#include <string_view>

namespace smc::webhook {

// Whether both are the same amount once rounded up to thousandths, as the API server rounds
// resources (SetDefaults_ResourceList). Texts that are no quantities, or of more than 9e15, are the
// same only where they are equal.
bool same_quantity(std::string_view a, std::string_view b);

}  // namespace smc::webhook
