// SIGTERM and SIGINT as a descriptor, for the daemons. For the main thread.
#pragma once

#include "base/fd.h"

namespace smc {

// Readable once the process shall stop: a signalfd(2). Call it before any other thread is made,
// since the signals are blocked in the calling thread and in those that it makes later. Invalid,
// with errno, where the process has no descriptor left.
Fd open_stop_signals();

}  // namespace smc
