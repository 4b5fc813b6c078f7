// The init container that sets up the pod's network namespace: how it is written, and whether the
// one that a pod already has is that very one. Pure functions, safe on any thread.
#pragma once

#include <string>
#include <string_view>

#include "webhook/config/config.h"
#include "webhook/review/existing_container.h"

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

// Its JSON, in the parts of which only the second is the pod's own.
std::string container_begin_text(const Config::InitContainer& config);
std::string container_arguments_text(const InitArguments& arguments);
std::string container_middle_text();
std::string container_resources_text(const Config::InitContainer& config);
std::string container_end_text();

// The first field in which the pod's container is not the one that we would write, but for what
// the API server puts there between two calls; empty: it is that one.
std::string_view difference(const ExistingContainer& theirs, const Config::InitContainer& config,
                            const InitArguments& arguments);

}  // namespace smc::webhook
