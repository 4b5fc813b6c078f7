#include "certs/authority.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>

#include "base/openssl.h"
#include "base/utc_text.h"
#include "certs/inspect.h"

namespace smc::certs {

using namespace openssl;
namespace {

constexpr long kVersion3 = 2;     // X.509 counts from 0
constexpr int kSerialBits = 128;  // CA/Browser Forum baseline asks for 64 random bits or more
constexpr int kSerialDigits = 8;  // of the serial, in the authority's name
constexpr const char* kCurve = "P-256";

// The parts of a certificate that differ between an authority and what it signs.
struct Plan {
  std::string common_name;
  Time not_before;
  Time not_after;
  Number serial;
};

bool set_serial(X509* certificate, const BIGNUM* serial) {
  return BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)) != nullptr;
}

bool set_subject(X509* certificate, const std::string& common_name) {
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1;
}

bool set_time(ASN1_TIME* field, Time time) {
  return ASN1_TIME_set(field, std::chrono::system_clock::to_time_t(time)) != nullptr;
}

// A random positive number; BN_RAND_TOP_ONE keeps its length, so that it is never 0.
Number random_serial() {
  Number serial(BN_new());
  // RFC 5280, 4.1.2.2: positive, at most 20 octets
  if (serial && BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1)
    serial.reset();
  return serial;
}

// Adds one extension by its name and value in OpenSSL's configuration syntax; only for values that
// are written here, never for a user's.
bool add(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

GeneralName dns_name(const std::string& name) {
  GeneralName entry(GENERAL_NAME_new());
  Ia5String text(ASN1_IA5STRING_new());
  if (!entry || !text ||
      ASN1_STRING_set(text.get(), name.data(), static_cast<int>(name.size())) != 1)
    return {};
  GENERAL_NAME_set0_value(entry.get(), GEN_DNS, text.release());
  return entry;
}

GeneralName ip_name(const std::string& address) {
  GeneralName entry(GENERAL_NAME_new());
  OctetString octets(a2i_IPADDRESS(address.c_str()));
  if (!entry || !octets) return {};
  GENERAL_NAME_set0_value(entry.get(), GEN_IPADD, octets.release());
  return entry;
}

bool push(GENERAL_NAMES* list, GeneralName entry) {
  if (!entry || sk_GENERAL_NAME_push(list, entry.get()) == 0) return false;
  static_cast<void>(entry.release());  // the list owns it now
  return true;
}

bool add_names(X509* certificate, const SubjectNames& names) {
  const GeneralNames list(GENERAL_NAMES_new());
  if (!list) return false;
  for (const std::string& name : names.dns)
    if (!push(list.get(), dns_name(name))) return false;
  for (const std::string& address : names.ips)
    if (!push(list.get(), ip_name(address))) return false;
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), 0, X509V3_ADD_DEFAULT) ==
         1;
}

bool add_authority_extensions(X509* certificate) {
  // pathlen 0: it signs servers, no further authorities
  return add(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
         add(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
         add(certificate, certificate, NID_subject_key_identifier, "hash");
}

bool add_serving_extensions(X509* certificate, X509* issuer, const SubjectNames& names) {
  return add(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
         add(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
         add(certificate, issuer, NID_ext_key_usage, "serverAuth") &&
         add(certificate, issuer, NID_subject_key_identifier, "hash") &&
         add(certificate, issuer, NID_authority_key_identifier, "keyid:always") &&
         add_names(certificate, names);
}

// An unsigned certificate for `key` without its extensions; null when OpenSSL refuses a part.
Certificate draft(const Plan& plan, EVP_PKEY* key) {
  Certificate certificate(X509_new());
  if (!certificate || X509_set_version(certificate.get(), kVersion3) != 1 ||
      X509_set_pubkey(certificate.get(), key) != 1 ||
      !set_serial(certificate.get(), plan.serial.get()) ||
      !set_subject(certificate.get(), plan.common_name) ||
      !set_time(X509_getm_notBefore(certificate.get()), plan.not_before) ||
      !set_time(X509_getm_notAfter(certificate.get()), plan.not_after))
    return {};
  return certificate;
}

bool sign(X509* certificate, X509* issuer, EVP_PKEY* issuer_key) {
  return X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
         X509_sign(certificate, issuer_key, EVP_sha256()) > 0;
}

Result<KeyPair> encode(X509* certificate, EVP_PKEY* key) {
  Result<std::string> certificate_pem = pem_of(certificate);
  if (!certificate_pem) return certificate_pem.error();
  Result<std::string> key_pem = pem_of(key);
  if (!key_pem) return key_pem.error();
  return KeyPair{std::move(*certificate_pem), std::move(*key_pem)};
}

struct Signer {
  Certificate certificate;
  Pkey key;
  CertificateInfo info;
};

Result<Signer> open_authority(const KeyPair& authority, Time now) {
  Result<Certificate> certificate = parse_certificate(authority.certificate_pem);
  if (!certificate) return certificate.error();
  Result<Pkey> key = parse_key(authority.key_pem);
  if (!key) return key.error();
  if (X509_check_private_key(certificate->get(), key->get()) != 1)
    return queued_error("the private key does not belong to the certificate");
  Result<std::vector<CertificateInfo>> infos = read_certificates(authority.certificate_pem);
  if (!infos) return infos.error();
  CertificateInfo& info = infos->front();
  if (!info.is_authority || (X509_get_key_usage(certificate->get()) & KU_KEY_CERT_SIGN) == 0)
    return Error{"the certificate " + info.subject + " may not sign others", 0, {}};
  if (now < info.not_before)
    return Error{"the authority is not valid before " + utc_text(info.not_before), 0,
                 "check this machine's clock"};
  if (now >= info.not_after)
    return Error{"the authority expired at " + utc_text(info.not_after), 0, "make a new one"};
  return Signer{std::move(*certificate), std::move(*key), std::move(info)};
}

}  // namespace

Result<KeyPair> make_authority(Time now) {
  Plan plan{"smc-webhook CA ", now - kClockSkew, now + kAuthorityLife, random_serial()};
  const Pkey key(EVP_EC_gen(kCurve));
  if (!plan.serial || !key) return queued_error("make a key and a serial number");
  plan.common_name += number_text(plan.serial.get()).substr(0, kSerialDigits);

  const Certificate certificate = draft(plan, key.get());
  if (!certificate || !add_authority_extensions(certificate.get()) ||
      !sign(certificate.get(), certificate.get(), key.get()))
    return queued_error("make the authority's certificate");
  return encode(certificate.get(), key.get());
}

Result<void> check_authority(const KeyPair& authority, Time now) {
  const Result<Signer> signer = open_authority(authority, now);
  if (!signer) return signer.error();
  return {};
}

Result<KeyPair> issue_serving(const KeyPair& authority, const SubjectNames& names, Time now) {
  const Result<Signer> signer = open_authority(authority, now);
  if (!signer) return signer.error();
  const Plan plan{"smc-webhook", std::max(now - kClockSkew, signer->info.not_before),
                  std::min<Time>(now + kServingLife, signer->info.not_after), random_serial()};
  const Pkey key(EVP_EC_gen(kCurve));
  if (!plan.serial || !key) return queued_error("make a key and a serial number");

  const Certificate certificate = draft(plan, key.get());
  X509* issuer = signer->certificate.get();
  if (!certificate || !add_serving_extensions(certificate.get(), issuer, names) ||
      !sign(certificate.get(), issuer, signer->key.get()))
    return queued_error("make the serving certificate");
  return encode(certificate.get(), key.get());
}

}  // namespace smc::certs
