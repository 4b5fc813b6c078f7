// TLS as the admission listener offers it. A context is built whole from the texts of the files,
// never changed once made, and replaced by a new one when the files change: a connection keeps the
// context it began with, and a session ticket never outlives the client CA it was checked against.
// Safe on any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "http/ssl.h"

namespace smc::webhook {

using http::SslContextPtr;

// PEM texts.
struct TlsTexts {
  std::string certificate;  // the leaf first, then its intermediates
  std::string key;
  // Nothing: clients need no certificate. An empty text is none, and an error.
  std::optional<std::string> client_ca;
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

// Why the text cannot stand for client_ca.
Result<void> check_client_ca(const std::string& pem);

}  // namespace smc::webhook
