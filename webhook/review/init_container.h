// The init container that sets up the pod's network namespace: how it is written, and whether the
// one that a pod already has is that very one. Pure functions, safe on any thread.
#pragma once

#include <string>
#include <string_view>

#include "webhook/config/config.h"
#include "webhook/review/json_reader.h"

namespace smc::webhook {

// The program in the image. Named in full, so that neither the image's PATH nor its entry point
// decides what runs with privilege.
inline constexpr std::string_view kInitCommand = "/smc-node-init";

// What its command line says beyond `pod`; an empty text is left out.
struct InitArguments {
  OnFailure on_failure = OnFailure::kFail;
  std::string_view interface;
  std::string_view pnetid;
};

// As JSON.
std::string render_init_container(const Config::InitContainer& config,
                                  const InitArguments& arguments);

// Whether `container` has every field of `rendered` with its value, and of others only what the API
// server puts there between two calls. A key that stands twice is refused.
bool is_init_container(Reader& reader, JsonObject container, const Path& path,
                       const std::string& rendered);

}  // namespace smc::webhook
