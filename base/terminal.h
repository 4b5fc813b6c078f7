// What a descriptor that people look at takes. Safe on any thread.
#pragma once

namespace smc {

// A terminal that shows colour and whose user has not refused it (https://no-color.org).
bool wants_colour(int fd);

}  // namespace smc
