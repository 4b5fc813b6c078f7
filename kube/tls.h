// TLS towards an API server: only its authority (never the system's trust store beside it), its
// name or address checked by OpenSSL, and our client certificate. For this folder's .cc files.
#pragma once

#include <openssl/ssl.h>

#include "kube/cluster.h"
#include "kube/error.h"

namespace smc::kube {

// Sets up the context of one connection from the cluster's files as they are now. The verdict on
// the server's certificate (X509_V_…) goes to `verdict`, which must outlive the context.
Outcome<void> set_up_tls(SSL_CTX* context, const Cluster& cluster, int& verdict);

// The server name that a handshake should show: empty for an address (RFC 6066, section 3).
std::string sent_server_name(const Cluster& cluster);

// Why a handshake failed, from the verdict and this thread's error queue, which is empty
// afterwards.
ApiError handshake_error(const Cluster& cluster, int verdict);

}  // namespace smc::kube
