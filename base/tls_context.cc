#include "base/tls_context.h"

namespace smc::openssl {

Result<void> use_key_pair(SSL_CTX* context, std::string_view chain_pem, std::string_view key_pem) {
  const auto chain = parse_certificates(chain_pem);
  if (!chain)
    return Error{"the certificate: " + chain.error().what, 0,
                 "it must be PEM, the certificate of the key first"};
  for (const Certificate& one : *chain) {
    const bool first = &one == &chain->front();
    if ((first ? SSL_CTX_use_certificate(context, one.get())
               : static_cast<int>(SSL_CTX_add1_chain_cert(context, one.get()))) != 1)
      return queued_error("use the certificate", "write the file anew");
  }
  const auto key = parse_key(key_pem);
  if (!key) return Error{key.error().what, 0, "it must be the key's file, as PEM"};
  if (SSL_CTX_use_PrivateKey(context, key->get()) != 1 || SSL_CTX_check_private_key(context) != 1)
    return queued_error("use the key with the certificate",
                        "they are no pair; write both files of one issue");
  return {};
}

Result<std::vector<Certificate>> trust_authorities(SSL_CTX* context, std::string_view pem) {
  auto authorities = parse_certificates(pem);
  if (!authorities) return authorities.error();
  for (const Certificate& authority : *authorities)
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1)
      return queued_error("trust the authority");
  return authorities;
}

}  // namespace smc::openssl
