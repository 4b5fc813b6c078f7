#include "webhook/https/tls.h"

#include <string_view>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/openssl.h"
#include "certs/inspect.h"

namespace smc::webhook {
namespace {

// The context takes a reference, or for an intermediate the certificate itself.
Result<void> use_certificate(SSL_CTX* context, const std::string& pem) {
  const openssl::Bio in = openssl::view(pem);
  const openssl::Certificate leaf = openssl::next_certificate(in.get());
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1)
    return openssl::openssl_error("use the certificate",
                                  "it must be PEM, the server's own certificate first");
  while (openssl::Certificate next = openssl::next_certificate(in.get())) {
    if (SSL_CTX_add0_chain_cert(context, next.get()) != 1)
      return openssl::openssl_error("use the certificate's chain");
    static_cast<void>(next.release());
  }
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
    return openssl::openssl_error("read the certificate's chain", "write the file anew");
  ERR_clear_error();
  return {};
}

Result<void> use_key(SSL_CTX* context, const std::string& pem) {
  const auto key = openssl::parse_key(pem);
  if (!key) return Error{key.error().what, key.error().code, "it must be the key's file, as PEM"};
  if (SSL_CTX_use_PrivateKey(context, key->get()) != 1 || SSL_CTX_check_private_key(context) != 1)
    return openssl::openssl_error("use the key with the certificate",
                                  "they are no pair; write both files of one issue");
  return {};
}

// Clients must show a certificate of one of these authorities. No resumption then: a ticket would
// let a client in without the check.
Result<void> demand_client_certificate(SSL_CTX* context, const std::string& pem) {
  static constexpr const char* kHint = "it must be a list of PEM certificates";
  const openssl::Bio in = openssl::view(pem);
  int count = 0;
  while (const openssl::Certificate ca = openssl::next_certificate(in.get())) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca.get()) != 1 ||
        SSL_CTX_add_client_CA(context, ca.get()) != 1)
      return openssl::openssl_error("use the client CA", kHint);
    ++count;
  }
  if (count == 0 || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
    return openssl::openssl_error("read the client CA", kHint);
  ERR_clear_error();
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
  return {};
}

// Who offers protocols must offer HTTP/1.1: a client of another protocol is turned away in the
// handshake (RFC 7301, section 3.2).
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_length,
                    const unsigned char* offered, unsigned int offered_length, void*) {
  static constexpr std::string_view kHttp11 = "http/1.1";
  const std::string_view list(reinterpret_cast<const char*>(offered), offered_length);
  for (std::size_t at = 0; at < list.size(); at += 1 + static_cast<unsigned char>(list[at])) {
    if (list.substr(at + 1, static_cast<unsigned char>(list[at])) != kHttp11) continue;
    *chosen = offered + at + 1;
    *chosen_length = static_cast<unsigned char>(kHttp11.size());
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool set_policy(SSL_CTX* context) {
  // Buffers only while a record is in them; one read a record instead of one for its header and
  // one for the rest.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets alone: no memory here
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  // TLS 1.2 with forward secrecy and AEAD alone; all of 1.3's suites are that.
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1;
}

}  // namespace

Result<TlsContext> make_tls_context(const TlsTexts& texts) {
  ERR_clear_error();
  TlsContext made;
  made.context = SslContextPtr(SSL_CTX_new(TLS_server_method()), SslFree{});
  if (!made.context || !set_policy(made.context.get()))
    return openssl::openssl_error("set up OpenSSL");
  SSL_CTX* context = made.context.get();
  if (auto used = use_certificate(context, texts.certificate); !used) return used.error();
  if (auto used = use_key(context, texts.key); !used) return used.error();
  if (!texts.client_ca.empty())
    if (auto used = demand_client_certificate(context, texts.client_ca); !used) return used.error();
  const auto described = certs::read_certificates(texts.certificate);
  if (!described) return described.error();
  made.subject = described->front().subject;
  made.not_before = described->front().not_before;
  made.not_after = described->front().not_after;
  return made;
}

}  // namespace smc::webhook
