// The files that `serve` is started with, and what stands in them: configuration, certificate and
// key, the authority of --client-ca. Pure functions but for the reading; safe on any thread.
#pragma once

#include <optional>
#include <string>

#include "base/file_watch.h"
#include "base/result.h"
#include "webhook/daemon/serve.h"
#include "webhook/https/tls.h"

namespace smc::webhook {

// Whether the webhook issues its own certificate; else it comes from files.
bool self_managed(const ServeOptions& options);

FileSet config_files(const ServeOptions& options);
FileSet tls_files(const ServeOptions& options);
// Tells when any of both may have changed.
DirectoryWatch watch_files(const ServeOptions& options);

// Of tls_files(): certificate, key and, where there is one, the clients' authority.
Result<TlsContext> read_tls(const Result<FileSet::Contents>& contents);
// Of tls_files() where the webhook is self_managed(); nothing without --client-ca.
Result<std::optional<std::string>> read_client_ca(const Result<FileSet::Contents>& contents);

}  // namespace smc::webhook
