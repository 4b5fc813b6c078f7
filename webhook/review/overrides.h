// What a pod's own annotations change in the init container's arguments, within what the
// configuration allows. A pure function, safe on any thread.
#pragma once

#include "webhook/config/config.h"
#include "webhook/review/init_container.h"
#include "webhook/review/pod.h"
#include "webhook/review/warnings.h"

namespace smc::webhook {

// `on_failure` holds where the pod says nothing, or nothing that counts. The views are the pod's.
InitArguments apply_overrides(const Annotations& annotations, const Config& config,
                              OnFailure on_failure, Warnings& warnings);

}  // namespace smc::webhook
