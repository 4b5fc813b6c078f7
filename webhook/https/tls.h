// TLS as the admission listener offers it. A context is built whole from the texts of the files,
// never changed once made, and replaced by a new one when the files change: a connection keeps the
// context it began with, and a session ticket never outlives the client CA it was checked against.
// Safe on any thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <openssl/ssl.h>

#include "base/result.h"

namespace smc::webhook {

struct SslFree {
  void operator()(SSL* tls) const { SSL_free(tls); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;
using SslContextPtr = std::shared_ptr<SSL_CTX>;

// PEM texts.
struct TlsTexts {
  std::string certificate;  // the leaf first, then its intermediates
  std::string key;
  std::string client_ca;  // empty: clients need no certificate
};

struct TlsContext {
  SslContextPtr context;
  std::string subject;  // the leaf's (RFC 2253)
  std::chrono::system_clock::time_point not_before;
  std::chrono::system_clock::time_point not_after;
};

// An error says which text is unusable and why; a certificate out of its time is none (readiness
// reports it).
Result<TlsContext> make_tls_context(const TlsTexts& texts);

}  // namespace smc::webhook
