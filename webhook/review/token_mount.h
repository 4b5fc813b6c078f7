// The mount of the service account's token that the API server adds to every container. A pure
// function, safe on any thread.
#pragma once

#include "webhook/review/json_reader.h"

namespace smc::webhook {

// Whether a container, which stands at `path`, mounts nothing or just the token of its service
// account, read-only at its place. `mounts` is the container's member, `volumes` the pod spec's.
bool is_token_mount(JsonReader& reader, const Member& mounts, const Path& path,
                    const Member& volumes);

}  // namespace smc::webhook
