// Kubernetes' resource quantities ("50m", "0.5Gi", "1e3"), as apimachinery's resource.Quantity
// reads them. Pure functions, safe on any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace smc::webhook {

// Whether `text` is a quantity above 0.
bool is_positive_quantity(std::string_view text);

// The value of a quantity that is a whole number from 0 to 2^63 - 1, such as a number of bytes;
// nothing for any other text.
std::optional<std::uint64_t> whole_quantity(std::string_view text);

// Whether `text` is a quantity of whole bytes above 0.
bool is_memory_quantity(std::string_view text);

// Whether both are the same amount once rounded up to thousandths, as the API server rounds
// resources (SetDefaults_ResourceList); it also rewrites them, "1000m" comes back as "1". Texts
// that are no quantities, negative or of more than 9e15 are the same only where they are equal.
bool same_quantity(std::string_view a, std::string_view b);

// Whether `a` is no more than `b`, rounded as above; false where either is no such quantity.
bool is_at_most(std::string_view a, std::string_view b);

}  // namespace smc::webhook
