// TLS towards an API server: only its authority (never the system's trust store beside it), its
// name or address checked by OpenSSL, and our client certificate. For this folder's .cc files.
#pragma once

#include <memory>

#include <openssl/ssl.h>

#include "base/openssl.h"
#include "kube/cluster.h"
#include "kube/error.h"
#include "kube/stop.h"

namespace smc::kube {

using TlsContext = std::unique_ptr<SSL_CTX, openssl::FreeWith<SSL_CTX_free>>;
using TlsSession = std::unique_ptr<SSL, openssl::FreeWith<SSL_free>>;

// Reads the cluster's files anew, so that each connection uses what is mounted now.
Outcome<TlsContext> tls_context(const Cluster& cluster);

// A finished handshake on a connected, non-blocking socket, which stays the caller's.
Outcome<TlsSession> tls_handshake(SSL_CTX* context, int fd, const Cluster& cluster,
                                  const Stop& stop, SteadyTime deadline);

}  // namespace smc::kube
