// OpenSSL's connection and context as owned values.
#pragma once

#include <memory>

#include <openssl/ssl.h>

namespace smc::http {

struct SslFree {
  void operator()(SSL* tls) const { SSL_free(tls); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;

// Shared by the connections that began with it.
using SslContextPtr = std::shared_ptr<SSL_CTX>;

}  // namespace smc::http
