// Certificates are described as they are; what is no certificate is refused.
#include "certs/inspect.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "certs/authority.h"
#include "test/certs/fixed_time.h"

namespace smc::certs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using test::kNow;

struct Made {
  KeyPair authority = *make_authority(kNow);
  KeyPair leaf = *issue_serving(authority, *parse_names({"web.svc"}, {"::1"}), kNow);
};

TEST(Inspect, DescribesEveryCertificateOfAChainInItsOrder) {
  const Made made;
  const auto infos =
      read_certificates("text before\n" + made.leaf.certificate_pem + "text between\n" +
                        made.leaf.key_pem + made.authority.certificate_pem);
  ASSERT_TRUE(infos);
  ASSERT_EQ(infos->size(), 2u);
  EXPECT_EQ(infos->at(0).subject, "CN=smc-webhook");
  EXPECT_EQ(infos->at(0).issuer, infos->at(1).subject);
  EXPECT_THAT(infos->at(0).names.dns, ElementsAre("web.svc"));
  EXPECT_THAT(infos->at(0).names.ips, ElementsAre("::1"));
  EXPECT_FALSE(infos->at(0).is_authority);
  EXPECT_TRUE(infos->at(1).is_authority);
}

TEST(Inspect, RenewalIsDueAtTwoThirdsOfALife) {
  CertificateInfo info;
  info.not_before = kNow;
  info.not_after = kNow + std::chrono::hours(30);
  EXPECT_EQ(info.renew_at(), kNow + std::chrono::hours(20));
}

TEST(Inspect, TextWithoutACertificateIsRefused) {
  const Made made;
  for (const std::string& text : {std::string(), std::string("malformed"), made.leaf.key_pem}) {
    const auto infos = read_certificates(text);
    ASSERT_FALSE(infos);
    EXPECT_THAT(infos.error().what, HasSubstr("no PEM certificate"));
  }
}

TEST(Inspect, ADamagedCertificateIsNamedByItsPlace) {
  const Made made;
  std::string damaged = made.authority.certificate_pem;
  damaged.replace(damaged.size() / 2, 8, "????????");
  const auto infos = read_certificates(made.leaf.certificate_pem + damaged);
  ASSERT_FALSE(infos);
  EXPECT_THAT(infos.error().what, HasSubstr("certificate 2"));
}

TEST(Inspect, EveryTruncationIsAnErrorOrNothing) {
  const Made made;
  const std::string& pem = made.leaf.certificate_pem;
  const std::size_t end = pem.rfind("-----\n") + 5;
  for (std::size_t size = 0; size < end; ++size) {
    EXPECT_FALSE(read_certificates(pem.substr(0, size))) << size;
  }
}

}  // namespace
}  // namespace smc::certs
