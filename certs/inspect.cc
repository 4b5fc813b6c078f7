#include "certs/inspect.h"

#include <array>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/openssl.h"

namespace smc::certs {

using namespace openssl;
namespace {

std::string name_text(const X509_NAME* name) {
  const Bio bio(BIO_new(BIO_s_mem()));
  // XN_FLAG_RFC2253 escapes what is not printable ASCII
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
  return content(bio.get());
}

std::string key_text(EVP_PKEY* key) {
  if (key == nullptr) return "unknown";
  std::array<char, 64> group{};
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1 &&
      EVP_PKEY_is_a(key, "EC") == 1) {
    const std::string name = group.data();
    return "ECDSA " + (name == "prime256v1" ? "P-256" : name);
  }
  const char* type = EVP_PKEY_get0_type_name(key);
  return std::string(type != nullptr ? type : "unknown") + " " +
         std::to_string(EVP_PKEY_get_bits(key));
}

std::string fingerprint(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (unsigned int i = 0; i < size; ++i) {
    if (i > 0) out += ':';
    out += kHex[digest[i] >> 4];
    out += kHex[digest[i] & 0xF];
  }
  return out;
}

std::string address_text(const ASN1_OCTET_STRING* octets) {
  std::array<char, INET6_ADDRSTRLEN> written{};
  const int size = ASN1_STRING_length(octets);
  const int family = size == 4 ? AF_INET : size == 16 ? AF_INET6 : AF_UNSPEC;
  if (family == AF_UNSPEC) return {};
  return ::inet_ntop(family, ASN1_STRING_get0_data(octets), written.data(), written.size());
}

SubjectNames subject_names(const X509* certificate) {
  SubjectNames names;
  const GeneralNames list(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(list.get()); ++i) {
    const GENERAL_NAME* entry = sk_GENERAL_NAME_value(list.get(), i);
    if (entry->type == GEN_DNS)
      names.dns.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(entry->d.dNSName)),
                             static_cast<std::size_t>(ASN1_STRING_length(entry->d.dNSName)));
    if (entry->type == GEN_IPADD) names.ips.push_back(address_text(entry->d.iPAddress));
  }
  return names;
}

Result<std::chrono::system_clock::time_point> time_point(const ASN1_TIME* time) {
  std::tm fields{};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return queued_error("a time of it cannot be read");
  return std::chrono::system_clock::from_time_t(::timegm(&fields));
}

Result<CertificateInfo> describe(X509* certificate) {
  CertificateInfo info;
  const auto not_before = time_point(X509_get0_notBefore(certificate));
  if (!not_before) return not_before.error();
  const auto not_after = time_point(X509_get0_notAfter(certificate));
  if (!not_after) return not_after.error();
  info.not_before = *not_before;
  info.not_after = *not_after;
  info.subject = name_text(X509_get_subject_name(certificate));
  info.issuer = name_text(X509_get_issuer_name(certificate));
  info.names = subject_names(certificate);
  const Number serial(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  info.serial = serial ? number_text(serial.get()) : std::string();
  info.key = key_text(X509_get0_pubkey(certificate));
  info.sha256 = fingerprint(certificate);
  info.is_authority = X509_check_ca(certificate) == 1;
  ERR_clear_error();  // parts that are absent or odd leave entries
  return info;
}

}  // namespace

std::chrono::system_clock::time_point CertificateInfo::renew_at() const {
  return not_before + (not_after - not_before) / 3 * 2;
}

Result<std::vector<CertificateInfo>> read_certificates(std::string_view pem) {
  const auto certificates = parse_certificates(pem);
  if (!certificates) return certificates.error();
  std::vector<CertificateInfo> infos;
  for (const Certificate& certificate : *certificates) {
    Result<CertificateInfo> info = describe(certificate.get());
    if (!info) return info.error();
    infos.push_back(std::move(*info));
  }
  return infos;
}

}  // namespace smc::certs
