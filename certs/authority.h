// A certificate authority and the serving certificates it signs, as PEM text in memory: files,
// Secrets and clocks are the caller's. ECDSA P-256 with SHA-256 throughout: every API server's Go
// and every OpenSSL takes it, and signing costs a tenth of RSA's time. Pure but for the random
// numbers; safe on any thread.
#pragma once

#include <chrono>
#include <string>

#include "base/result.h"
#include "certs/names.h"

namespace smc::certs {

using Time = std::chrono::system_clock::time_point;

inline constexpr auto kAuthorityLife = std::chrono::hours(24 * 365);
inline constexpr auto kServingLife = std::chrono::hours(24 * 30);

// Certificates begin this much in the past, so that a client whose clock is a little behind takes a
// new one at once. kube-controller-manager's signer uses the same 5 minutes.
inline constexpr auto kClockSkew = std::chrono::minutes(5);

// A certificate and its private key.
struct KeyPair {
  std::string certificate_pem;
  std::string key_pem;
};

// A new self-signed authority. Its name carries a part of its serial number, so that the old and
// the new one of a rotation can be told apart.
Result<KeyPair> make_authority(Time now);

// Whether `authority` can sign at `now`: both parts can be read, they belong together, it is an
// authority, and its time has come and is not over.
Result<void> check_authority(const KeyPair& authority, Time now);

// A certificate for a TLS server, with a new key, signed by `authority` (which is checked as
// above). It never outlives its authority.
Result<KeyPair> issue_serving(const KeyPair& authority, const SubjectNames& names, Time now);

}  // namespace smc::certs
