// OpenSSL's objects with their owners, its error queue as an Error, and PEM text in and out. For
// .cc files alone; no other header shows any of it. Safe on any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/result.h"

namespace smc::openssl {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using Bio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using Pkey = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using Number = std::unique_ptr<BIGNUM, FreeWith<BN_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>>;
using GeneralName = std::unique_ptr<GENERAL_NAME, FreeWith<GENERAL_NAME_free>>;
using GeneralNames = std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>>;
using OctetString = std::unique_ptr<ASN1_OCTET_STRING, FreeWith<ASN1_OCTET_STRING_free>>;
using Ia5String = std::unique_ptr<ASN1_IA5STRING, FreeWith<ASN1_IA5STRING_free>>;

// "WHAT: first reason; second reason" from this thread's error queue, which is empty afterwards.
Error queued_error(std::string what, std::string hint = {});

// A read-only view; `text` must outlive it. Null only when memory is gone.
Bio view(std::string_view text);

// What was written into a BIO_s_mem.
std::string content(BIO* bio);

// Hexadecimal, upper case.
std::string number_text(const BIGNUM* number);

// Every certificate of a PEM text, at least one. A text of which one cannot be read is an error.
Result<std::vector<Certificate>> parse_certificates(std::string_view pem);

// The first of them.
Result<Certificate> parse_certificate(std::string_view pem);

// An unencrypted private key. Never asks for a passphrase.
Result<Pkey> parse_key(std::string_view pem);

Result<std::string> pem_of(X509* certificate);
Result<std::string> pem_of(EVP_PKEY* key);  // PKCS#8, unencrypted

}  // namespace smc::openssl
