// What certificates say, for people, metrics and renewal. Pure functions, safe on any thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "certs/names.h"

namespace smc::certs {

struct CertificateInfo {
  std::string subject;  // RFC 2253
  std::string issuer;   // RFC 2253
  SubjectNames names;   // only DNS names and addresses
  std::string serial;   // hexadecimal
  std::string key;      // "ECDSA P-256", "RSA 2048"
  std::string sha256;   // of the DER form, hexadecimal with colons
  bool is_authority = false;
  std::chrono::system_clock::time_point not_before;
  std::chrono::system_clock::time_point not_after;

  // Two thirds of its life are over: time for a new one, with a third of it left for retries.
  std::chrono::system_clock::time_point renew_at() const;
};

// Every certificate of a PEM text, in its order; other blocks (keys) and text between are passed
// over. No certificate at all is an error.
Result<std::vector<CertificateInfo>> read_certificates(std::string_view pem);

}  // namespace smc::certs
