// Certificates for the tests of the listener and of the daemon.
#pragma once

#include <chrono>

#include <openssl/x509v3.h>

#include "base/openssl.h"
#include "certs/authority.h"

namespace smc::webhook {

// Made once for all tests of a program.
inline const certs::KeyPair& test_authority() {
  static const certs::KeyPair kAuthority = *certs::make_authority(std::chrono::system_clock::now());
  return kAuthority;
}

inline certs::KeyPair new_serving_pair() {
  return *certs::issue_serving(test_authority(), *certs::parse_names({"localhost"}, {"127.0.0.1"}),
                               std::chrono::system_clock::now());
}

// A certificate for TLS clients, as an API server is given one; smc-certs issues those of servers
// alone.
inline certs::KeyPair client_pair(const certs::KeyPair& authority) {
  const auto issuer = openssl::parse_certificate(authority.certificate_pem);
  const auto issuer_key = openssl::parse_key(authority.key_pem);
  const openssl::Pkey key(EVP_EC_gen("P-256"));
  const openssl::Certificate made(X509_new());
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 7);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer->get()));
  X509_set_pubkey(made.get(), key.get());
  const openssl::Extension usage(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_ext_key_usage, "clientAuth"));
  X509_add_ext(made.get(), usage.get(), -1);
  X509_sign(made.get(), issuer_key->get(), EVP_sha256());
  return {*openssl::pem_of(made.get()), *openssl::pem_of(key.get())};
}

}  // namespace smc::webhook
