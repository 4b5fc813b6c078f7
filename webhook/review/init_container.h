// The init container that sets up the pod's network namespace, or waits until the node's agent has:
// how it is written, and whether the one that a pod already has is that very one. Pure functions,
// safe on any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/destinations.h"
#include "base/pod_arguments.h"
#include "webhook/config/config.h"
#include "webhook/review/existing_container.h"

namespace smc::webhook {

// The program in the image. Named in full, so that neither the image's PATH nor its entry point
// decides what runs with privilege.
inline constexpr std::string_view kInitCommand = "/smc-node-init";

// What differs from pod to pod in it; an empty text is left out.
struct InitArguments {
  InitMode mode = InitMode::kPrivileged;
  OnFailure on_failure = OnFailure::kFail;
  Programs programs = Programs::kSwitch;
  std::string_view interface;
  std::string_view pnetid;
  Destinations exclude_destinations;  // the configuration's and the pod's
};

// What it may use of one resource.
struct InitAmount {
  std::string_view quantity;  // request and limit
  // The pod as a whole says what its containers may use, and that is less: a request of 0, and no
  // limit of its own.
  bool pod_level = false;

  bool operator==(const InitAmount&) const = default;
};

struct InitResources {
  InitAmount cpu, memory;

  bool operator==(const InitResources&) const = default;
};

// What the configuration alone gives it.
InitResources configured_resources(const Config::InitContainer& config);

// As JSON.
std::string render_container(const Config::InitContainer& config, const InitArguments& arguments,
                             const InitResources& resources);

// What we would write for a pod.
struct ExpectedContainer {
  const Config::InitContainer& config;
  const InitArguments& arguments;
  const InitResources& resources;
  std::string_view limit_ranger;  // what that plugin says it has set in the pod
};

// The first field in which the pod's container is another than that, but for what others may
// change (tolerated.h); empty: none.
std::string_view difference(const ExistingContainer& theirs, const ExpectedContainer& expected);

}  // namespace smc::webhook
