// What the listener does with a whole body: the injector's answer, its metrics and its log line.
#pragma once

#include "webhook/cluster/event_recorder.h"
#include "webhook/config/config.h"
#include "webhook/https/listener.h"
#include "webhook/https/metrics.h"
#include "webhook/review/answer.h"

namespace smc::webhook {

// One configuration for as long as the handler lives, and one thread: a copy shares the memory that
// answering takes. `metrics` and `events` must outlive it;
// without `events` none are sent.
//
// The log has one line for each review: at info for a pod that carries the annotation, at debug for
// all others (a cluster without matchConditions sends every pod), at warn for a review that cannot
// be read.
Listener::Handler review_handler(const Config& config, ModeOfNamespace mode_of, Metrics& metrics,
                                 EventRecorder* events);

}  // namespace smc::webhook
