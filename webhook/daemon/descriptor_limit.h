// The process's limit of open descriptors, which bounds the connections that it can have. Safe on
// any thread.
#pragma once

#include <cstddef>

namespace smc::webhook {

// Raises the soft limit of descriptors to what `connections` need, as far as the hard limit goes.
// How many connections there is room for.
std::size_t make_room_for(std::size_t connections);

}  // namespace smc::webhook
