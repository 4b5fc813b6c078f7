#include "base/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>

namespace smc::openssl {
namespace {

// OpenSSL's own callback would ask on the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

// OPENSSL_free is a macro.
void free_text(char* text) {
  OPENSSL_free(text);
}

}  // namespace

Error queued_error(std::string what, std::string hint) {
  const char* separator = ": ";
  while (const unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    what += separator;
    what += reason != nullptr ? reason : "OpenSSL error " + std::to_string(code);
    separator = "; ";
  }
  return Error{std::move(what), 0, std::move(hint)};
}

Bio view(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string content(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string number_text(const BIGNUM* number) {
  const std::unique_ptr<char, FreeWith<free_text>> text(BN_bn2hex(number));
  return text ? text.get() : std::string();
}

Result<std::vector<Certificate>> parse_certificates(std::string_view pem) {
  const Bio bio = view(pem);
  std::vector<Certificate> all;
  ERR_clear_error();
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr))
    all.emplace_back(next);
  // The text's end is an error too.
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
    return queued_error("certificate " + std::to_string(all.size() + 1) + " cannot be read");
  if (all.empty()) return queued_error("no PEM certificate in it");
  ERR_clear_error();
  return all;
}

Result<Certificate> parse_certificate(std::string_view pem) {
  auto all = parse_certificates(pem);
  if (!all) return all.error();
  return std::move(all->front());
}

Result<Pkey> parse_key(std::string_view pem) {
  const Bio bio = view(pem);
  Pkey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key) return queued_error("not an unencrypted PEM private key");
  return key;
}

Result<std::string> pem_of(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1)
    return queued_error("encode the certificate");
  return content(bio.get());
}

Result<std::string> pem_of(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_secmem()));
  if (!bio ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return queued_error("encode the private key");
  return content(bio.get());
}

}  // namespace smc::openssl
