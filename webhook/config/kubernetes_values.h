// Kubernetes' own rules for the values that a patch carries into pods: a value that the API server
// refuses would fail the creation of every annotated pod. Pure functions, safe on any thread.
#pragma once

#include <string_view>

namespace smc::webhook {

// apimachinery's IsQualifiedName: an optional DNS subdomain and '/', then 1 to 63 letters, digits,
// '-', '_' and '.', the first and last a letter or digit.
bool is_label_key(std::string_view text);

// apimachinery's IsValidLabelValue: empty, or like the name of a key.
bool is_label_value(std::string_view text);

// The distribution project's reference grammar, with a tag or a digest: without one the node would
// pull whatever "latest" is that day.
bool is_pinned_image(std::string_view text);

}  // namespace smc::webhook
