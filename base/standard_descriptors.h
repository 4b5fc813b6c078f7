// Descriptors 0 to 2 for a program whose parent closed them. For main(), before anything is opened.
#pragma once

namespace smc {

// Opens /dev/null on each of them that is closed: else the first socket or file would get the
// number, and what is meant for standard error would go there.
void reserve_standard_descriptors();

}  // namespace smc
