// Whole files, in and out, with a limit on what is read and no half-written file ever in view.
// Safe on any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "base/result.h"

namespace smc {

// The content of the regular file at `path`, such as a mounted Secret or one of /proc. More than
// `max_bytes` is an error (EFBIG), found without reading further; so is a FIFO or a device, which
// nobody waits for.
Result<std::string> read_file(const std::string& path, std::size_t max_bytes);

// The same of whatever is at `path`, /dev/stdin and a shell's <(…) included. Waits for it: for
// commands that a person starts.
Result<std::string> read_stream(const std::string& path, std::size_t max_bytes);

// The same for an open descriptor, such as standard input; `name` stands for it in errors.
Result<std::string> read_all(int fd, const std::string& name, std::size_t max_bytes);

// Writes all of `content`; `name` stands for the descriptor in errors.
Result<void> write_all(int fd, const std::string& name, std::string_view content);

// Writes a temporary file beside `path`, syncs it and renames it: readers see the old content or
// the new.
Result<void> write_file_atomic(const std::string& path, std::string_view content, mode_t mode);

}  // namespace smc
