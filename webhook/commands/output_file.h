// A command's result in the file that a user named with -o, as a shell's ">" would put it there: a
// device or FIFO is written to, a symbolic link is followed, an existing file keeps its owner, mode
// and other names. One thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace smc::webhook {

// A regular file is replaced by renaming a finished one over it, so that a crash or a full disk
// leaves the old content: that is safe where the new file can have the old one's owner and mode,
// and where it has no other hard link, extended attribute (an ACL) or mount of its own, which a
// rename would cut off. Such a file is written in place, after its space has been reserved; should
// that fail in the middle, the error says what is left. A new file that cannot be finished is
// removed.
Result<void> write_output(const std::string& path, std::string_view content);

}  // namespace smc::webhook
