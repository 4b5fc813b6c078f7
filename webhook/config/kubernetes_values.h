// Kubernetes' own rules for the values that a patch carries into pods: a value that the API server
// refuses would fail the creation of every annotated pod. Pure functions, safe on any thread.
#pragma once

#include <optional>
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

// An image reference without a tag or digest, or its first parts: "r.example:5000/mirror".
bool is_image_prefix(std::string_view text);

// A name of an object, or the beginning of one and '*', which stands for any end.
bool is_name_pattern(std::string_view text);
bool matches(std::string_view pattern, std::string_view name);

// An image reference, taken apart; what it lacks is empty.
struct ImageReference {
  std::string_view name;  // with the registry
  std::string_view tag;
  std::string_view digest;

  std::string_view last_part() const { return name.substr(name.rfind('/') + 1); }
};

// Nothing where it is none, or has neither a tag nor a digest.
std::optional<ImageReference> parse_pinned_image(std::string_view text);

// Whether `image` comes from the registry, or from below its path.
bool is_from(const ImageReference& image, std::string_view registry);

}  // namespace smc::webhook
