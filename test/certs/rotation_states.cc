#include "test/certs/rotation_states.h"

#include <vector>

#include <gtest/gtest.h>

#include "certs/inspect.h"

namespace smc::certs {

void PrintTo(const Step::Kind& kind, std::ostream* out) {
  *out << step_name(kind);
}

namespace test {

const KeyPair& ca(int number) {
  static const std::vector<KeyPair> kMade = [] {
    std::vector<KeyPair> out;
    for (int i = 0; i < 4; ++i) out.push_back(*make_authority(kNow));
    return out;
  }();
  return kMade.at(static_cast<std::size_t>(number));
}

std::string crt(int number) {
  return ca(number).certificate_pem;
}

ServedLeaf leaf_of(const KeyPair& authority, Time issued) {
  const auto pair = issue_serving(authority, {{"web.svc"}, {}}, issued);
  EXPECT_TRUE(pair) << pair.error().text();
  const CertificateInfo info = read_certificates(pair->certificate_pem)->front();
  return {*fingerprint(authority.certificate_pem), info.not_before, info.not_after,
          info.renew_at()};
}

std::set<std::string> members(const std::string& pem) {
  std::set<std::string> out;
  const auto infos = read_certificates(pem);
  if (infos)
    for (const auto& info : *infos) out.insert(info.sha256);
  return out;
}

std::set<std::string> authorities(std::initializer_list<int> numbers) {
  std::set<std::string> out;
  for (const int number : numbers) out.insert(*fingerprint(crt(number)));
  return out;
}

Observed settled() {
  Observed out;
  out.now = kNow;
  out.secret.current = ca(0);
  out.bundles = {crt(0)};
  out.leaf = leaf_of(ca(0), kNow);
  out.remembered = ca(0);
  out.unchanged = std::chrono::hours(100);
  return out;
}

Observed published() {
  Observed out = settled();
  out.secret.next = ca(1);
  out.bundles = {crt(0) + crt(1)};
  return out;
}

Observed switched() {
  Observed out = settled();
  out.secret.current = ca(1);
  out.secret.previous = crt(0);
  out.bundles = {crt(1) + crt(0)};
  out.leaf = leaf_of(ca(1), kNow);
  out.remembered = ca(1);
  return out;
}

Step next(const Observed& observed) {
  return next_step(observed, kWaits);
}

Step::Kind kind(const Observed& observed) {
  return next(observed).kind;
}

}  // namespace test
}  // namespace smc::certs
