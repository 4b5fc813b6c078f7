#include "webhook/https/tls.h"

#include <string_view>
#include <utility>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/openssl.h"
#include "base/tls_context.h"
#include "certs/inspect.h"

namespace smc::webhook {
namespace {

// The answer to a usual review has 2 to 3 KiB.
constexpr long kMaxSendFragment = 4096;

// Clients must show a certificate of one of these authorities. No resumption then: a ticket would
// let a client in without the check.
Result<void> demand_client_certificate(SSL_CTX* context, const std::string& pem) {
  const auto authorities = openssl::trust_authorities(context, pem);
  if (!authorities)
    return Error{"read the client CA: " + authorities.error().what, 0,
                 "it must be a list of PEM certificates"};
  for (const openssl::Certificate& authority : *authorities)
    if (SSL_CTX_add_client_CA(context, authority.get()) != 1)
      return openssl::queued_error("use the client CA");
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
  // one for the rest. Answers are smaller than this fragment, and OpenSSL's buffer for them with
  // it.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_max_send_fragment(context, kMaxSendFragment);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets alone: no memory here
  SSL_CTX_set_num_tickets(context, 1);  // for clients that resume; kube-apiserver does not
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  // TLS 1.2 with forward secrecy and AEAD alone; all of 1.3's suites are that.
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1;
}

}  // namespace

Result<TlsContext> make_tls_context(const TlsTexts& texts) {
  ERR_clear_error();
  TlsContext made;
  made.context = SslContextPtr(SSL_CTX_new(TLS_server_method()), http::SslFree{});
  if (!made.context || !set_policy(made.context.get()))
    return openssl::queued_error("set up OpenSSL");
  SSL_CTX* context = made.context.get();
  if (auto used = openssl::use_key_pair(context, texts.certificate, texts.key); !used)
    return used.error();
  if (texts.client_ca)
    if (auto used = demand_client_certificate(context, *texts.client_ca); !used)
      return used.error();
  const auto described = certs::read_certificates(texts.certificate);
  if (!described) return described.error();
  made.subject = described->front().subject;
  made.not_before = described->front().not_before;
  made.not_after = described->front().not_after;
  return made;
}

Result<void> check_client_ca(const std::string& pem) {
  ERR_clear_error();
  const SslContextPtr context(SSL_CTX_new(TLS_server_method()), http::SslFree{});
  if (!context) return openssl::queued_error("set up OpenSSL");
  return demand_client_certificate(context.get(), pem);
}

}  // namespace smc::webhook
