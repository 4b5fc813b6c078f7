// What a pod's own annotations change in the init container, within what the configuration allows.
// Pure functions, safe on any thread; the views are the pod's and the configuration's.
#pragma once

#include "webhook/config/config.h"
#include "webhook/review/init_container.h"
#include "webhook/review/metadata.h"
#include "webhook/review/pod.h"
#include "webhook/review/warnings.h"

namespace smc::webhook {

// Of the init container in that mode. `on_failure` holds where the pod says nothing, or nothing
// that counts.
InitArguments arguments_for(const Annotations& annotations, const Config& config, InitMode mode,
                            OnFailure on_failure, Warnings& warnings);

// Fitted to what the pod as a whole asks for: the API server refuses a pod of which one container
// asks for more.
InitResources resources_for(const Pod& pod, const Config& config, Warnings& warnings);

}  // namespace smc::webhook
